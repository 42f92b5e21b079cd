// Package parquetfile reads Apache Parquet, row group by row group and page by page.
//
// [New] gives a [Reader] over a file that can be read anywhere; rows and rejections follow the rules of package tabular.
// A column's path leads through groups, and through lists without naming their inner levels. Several values of one row
// are joined where the layout has a list for them. With Each, the elements of one list are the rows, and columns reach
// the record by ../name; lists inside lists are no rows.
//
// Dates and time stamps have kinds of [canon], and values are written by [TextOf]: exactly, whatever their encoding.
// Before a row group is read, each page of the columns that are wanted is looked at: what it says of its size, and what
// its compressed bytes say of theirs, must be within the limits, since the library believes it. Pages may be compressed
// with Snappy, zstd, gzip, Brotli, LZ4 or not at all.
//
// The package knows no transport and no meaning of any column.
package parquetfile
