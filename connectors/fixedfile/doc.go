// Package fixedfile reads lines of fixed width: each column is a range of characters.
//
// [New] gives a [Reader] over a byte stream; rows and rejections follow the rules of package tabular. Characters are
// counted after decoding, so that a letter is one whatever its encoding; a file of a single-byte encoding that is UTF-8
// throughout is refused, as its columns would begin elsewhere. Blanks around a value are padding. A line that
// ends before a column begins has no value there, since many programs cut trailing blanks; where the layout knows the
// length of lines, every other length rejects the line. The export has no header: lines above the first row are counted.
//
// The package knows no transport and no meaning of any column.
package fixedfile
