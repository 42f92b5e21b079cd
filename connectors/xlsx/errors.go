package xlsx

import "uoma/internal/fault"

var (
	errWorkbook = fault.New("UOMA-LND-XLSX", "the file is not a workbook that can be read",
		"export it as .xlsx without a password").For(fault.Source)
	errEncoding = fault.New("UOMA-LND-ENCODING", "the workbook's text is not UTF-8",
		"export the file again").For(fault.Source)
	errSheet = fault.New("UOMA-LND-SHEET", "the workbook has no such sheet",
		"correct the sheet's name in the layout, or have the export restored").For(fault.Source)
	errRead = fault.New("UOMA-LND-READ", "the workbook cannot be read to its end",
		"check the transport and run again").For(fault.Source)
	errLimit = fault.New("UOMA-LND-BOMB", "the workbook is beyond the limits",
		"check with the source system that the export is honest before any limit is raised").For(fault.Source)
)
