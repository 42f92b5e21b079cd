package csvfile

import (
	"errors"

	"uoma/internal/fault"
)

var (
	errOptions = fault.New("UOMA-LND-OPTIONS", "the feed's layout cannot be used for reading",
		"correct delimiter, quote and encoding in the layout")
	errEncoding = fault.New("UOMA-LND-ENCODING", "the export's bytes are not of its encoding",
		"set the layout's encoding to what the source system writes; bytes are never replaced silently").For(fault.Source)
	errUTF8      = errEncoding.Because(errors.New("it is UTF-8 throughout"))
	errTruncated = fault.New("UOMA-LND-TRUNCATED", "the export ends inside a quoted field",
		"have the export made again; if it is whole, look for a quote that is opened and never closed from this line on; nothing was removed").For(fault.Source)
	errRow = fault.New("UOMA-LND-ROW", "a row is beyond the limits and nothing tells where the next one begins",
		"look for a quote that is opened and never closed near this line").For(fault.Source)
	errRead = fault.New("UOMA-LND-READ", "the export cannot be read to its end",
		"check the transport and run again").For(fault.Source)
)
