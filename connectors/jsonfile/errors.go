package jsonfile

import "uoma/internal/fault"

var (
	errSyntax = fault.New("UOMA-LND-JSON", "the export is not JSON, or is beyond the limits",
		"have the export made again; nothing was removed").For(fault.Source)
	errTruncated = fault.New("UOMA-LND-TRUNCATED", "the export ends inside a JSON value",
		"have the export made again; nothing was removed").For(fault.Source)
	errEncoding = fault.New("UOMA-LND-ENCODING", "the export's text is not UTF-8",
		"JSON is written in UTF-8; bytes are never replaced silently").For(fault.Source)
	errRows = fault.New("UOMA-LND-ROWS", "the export has nothing at the path where the layout has its rows",
		"compare the export with the layout's rows path").For(fault.Source)
	errCount = fault.New("UOMA-LND-CONTROL", "the number of records that the export announces is no number",
		"compare the export with the layout's count path").For(fault.Source)
	errRead = fault.New("UOMA-LND-READ", "the export cannot be read to its end",
		"check the transport and run again").For(fault.Source)
)
