// Package xmlfile reads XML whose records are elements at one path.
//
// [New] gives a [Reader] over a byte stream; paths are those of package record, and rows and rejections follow the rules
// of package tabular. A step of a path is an element's local name, with a prefix before it where the layout gives the
// prefix a namespace; @name is an attribute, and an element's own value is its text without the white space around it,
// and without that of the elements inside it. Where the layout reads an element's value and no element inside, one that is
// there all the same and has text, or stands in text, rejects the record: the value would be without a part. One record at
// a time is in memory.
//
// XML is read by package xmltoken, strictly: no document type, no entity but the five, limits of depth, attributes and
// tokens. The encoding is that of a byte order mark, else of the declaration, else UTF-8. What is not well-formed refuses
// the export with its line, and so does one that ends before its root does.
//
// The package knows no transport and no meaning of any element.
package xmlfile
