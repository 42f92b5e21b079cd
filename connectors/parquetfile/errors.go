package parquetfile

import "uoma/internal/fault"

var (
	errFormat = fault.New("UOMA-LND-PARQUET", "the file is not Parquet that can be read, or is damaged",
		"have the export made again, neither encrypted nor in the old framing of LZ4").For(fault.Source)
	errEmpty = fault.New("UOMA-LND-EMPTY", "the export is empty",
		"check the source system's export job; nothing was removed").For(fault.Source)
	errLimit = fault.New("UOMA-LND-BOMB", "the Parquet file is beyond the limits",
		"have it written in smaller pages, and check that the export is honest before any limit is raised").For(fault.Source)
	errRows = fault.New("UOMA-LND-ROWS", "the export has nothing at the path where the layout has its rows",
		"compare the export's schema with the layout's each path").For(fault.Source)
	errList = fault.New("UOMA-LND-LIST", "a column of the whole record holds lists in the export, and one value by the layout",
		"compare the export's schema with the layout; where lists are meant, give the column list in the layout").For(fault.Source)
	errRead = fault.New("UOMA-LND-READ", "the export cannot be read to its end",
		"check the transport and run again").For(fault.Source)
)
