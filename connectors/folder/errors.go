package folder

import "uoma/internal/fault"

var (
	errOpen = fault.New("UOMA-LND-FOLDER", "the folder cannot be read",
		"check that the path is a directory and that the program may read it").For(fault.Source)
	errName = fault.New("UOMA-LND-NAME", "the name is not one a source may use",
		"rename the file: relative, UTF-8, without control or direction characters, and unlike every other name in its folder").For(fault.Source)
	errKind = fault.New("UOMA-LND-KIND", "only regular files are read, no link, pipe or device",
		"put the file itself into the inbox").For(fault.Source)
	errChanged = fault.New("UOMA-LND-CHANGED", "the file changed while it was read",
		"let the source write under another name and rename the file when it is complete, then run again").For(fault.Source)
)
