package tabular

import "uoma/internal/fault"

var (
	errOptions = fault.New("UOMA-LND-OPTIONS", "the feed's layout cannot be used for reading",
		"correct the layout")
	errEmpty = fault.New("UOMA-LND-EMPTY", "the export is empty",
		"check the source system's export job; nothing was removed").For(fault.Source)
	errHeader = fault.New("UOMA-LND-HEADER", "the header row cannot be used",
		"compare the export with the layout: delimiter, encoding, title rows").For(fault.Source)
	errMissing = fault.New("UOMA-LND-HEADER-MISSING", "a required column is missing from the header",
		"add the column to the export, or its new name to the layout as an alias").For(fault.Source)
	errDuplicate = fault.New("UOMA-LND-HEADER-DUPLICATE", "two columns of the header have the same name",
		"export each column once").For(fault.Source)
	errFields = fault.New("UOMA-LND-FIELDS", "the export has another number of columns than its layout knows",
		"compare the interface's version with the layout").For(fault.Source)
	errControl = fault.New("UOMA-LND-CONTROL", "the export's control line disagrees with its rows",
		"have the export made again; nothing was removed").For(fault.Source)
	errTruncated = fault.New("UOMA-LND-TRUNCATED", "the export ends too early",
		"have the export made again; if its last line is no row, name it as the layout's trailer; nothing was removed").For(fault.Source)
)

// Codes of rejected rows.
const (
	CodeFieldCount = "field-count"       // more or fewer fields than the header
	CodeControl    = "control-character" // a NUL or another control character that is no tab or line end
	CodeQuote      = "open-quote"        // a quote that closes rows later, so that these would be in its field
	CodeEncoding   = "encoding"          // text that is not UTF-8
	CodeTooLong    = "row-too-long"      // beyond Limits.RowBytes; Raw holds its beginning only
	CodeTooWide    = "too-many-columns"  // beyond Limits.Columns
	CodeSummaryRow = "summary-inside"    // looks like a line of totals, but data follows
	CodeSeveral    = "several-values"    // a record has several values where the layout knows of one
	CodeStructure  = "structure"         // a record has structure where the layout has a value, or the other way round
	CodeDuplicate  = "duplicate-name"    // a record names the same value twice, and readers disagree which one counts
	CodeNumber     = "number-range"      // a number that other programs read rounded
	CodeMalformed  = "malformed"         // the bytes are no record of the format, but it is known where the next one begins
	CodeTooMany    = "too-many-rows"     // beyond the rows that one record may hold
	CodeLineLength = "line-length"       // another length than every line of fixed width has
	CodeNotText    = "not-text"          // the value is bytes, where the layout has text
)

// Reasons for which a row is no data, the keys of [Summary.Skipped].
const (
	SkipBlank    = "blank"    // only delimiters or white space
	SkipSummary  = "summary"  // totals at the end
	SkipHeader   = "header"   // the header once more
	SkipSubtotal = "subtotal" // Options.SkipWhenEmpty
	SkipOther    = "other"    // Options.SkipWhenFilled
	SkipSep      = "sep"      // the line that tells a spreadsheet the delimiter
	SkipTitle    = "title"    // above the header
	SkipTrailer  = "trailer"  // the control line
	SkipNoRows   = "no-rows"  // a record without any of the rows that it may hold
)
