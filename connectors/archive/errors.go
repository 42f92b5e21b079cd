package archive

import "uoma/internal/fault"

var (
	errFormat = fault.New("UOMA-LND-ARCHIVE", "the ZIP archive is damaged or uses an unusual feature",
		"export the file again; encrypted, split and self-extracting archives are not read").For(fault.Source)
	errLimit = fault.New("UOMA-LND-BOMB", "the ZIP archive is beyond the limits",
		"check with the source system that the export is honest before any limit is raised").For(fault.Source)
	errName = fault.New("UOMA-LND-NAME", "an entry of the ZIP archive has a name or kind that is refused",
		"entries are regular files with relative UTF-8 names that do not clash").For(fault.Source)
	errLying = fault.New("UOMA-LND-LYING", "an entry of the ZIP archive is not what its directory says",
		"export the file again; do not use what was read of it").For(fault.Source)
)
