package nightly

import (
	"bytes"
	"errors"
	"io"

	"uoma/connectors/xlsx"
	"uoma/internal/fault"
)

var errKind = fault.New("UOMA-LND-TYPE", "the export is of another type than its layout says",
	"have the export made as the layout says, or correct its type and compression in the layout; a web page in place of an export is most often one to log in at").For(fault.Source)

// text is the content of a format that is text. It refuses what plainly is none: what is wrong with its first line would lead
// whoever has to mend it astray.
type text struct {
	io.Reader
	begun bool
}

func (t *text) Read(p []byte) (int, error) {
	n, err := t.Reader.Read(p)
	if t.begun || n == 0 {
		return n, err
	}
	t.begun = true
	if kind := kindOf(p[:n]); kind != "" {
		return 0, errKind.Because(errors.New("it begins as " + kind + " does"))
	}
	return n, err
}

// kindOf names what begins so, where no text does.
func kindOf(b []byte) string {
	page := bytes.ToLower(bytes.TrimLeft(bytes.TrimPrefix(b[:min(len(b), 1<<10)], []byte("\ufeff")), " \t\r\n"))
	for _, k := range []struct {
		begins []byte
		mark   string
		kind   string
	}{
		{b, "PK\x03\x04", "a ZIP archive or a workbook"},
		{b, xlsx.OldMark, "a workbook of the format before 2007, or one with a password,"},
		{b, "PAR1\x15", "a Parquet file"}, // a header of a page, or of the file, and no text
		{b, "\x1f\x8b", "a gzip file"},
		{b, "\x28\xb5\x2f\xfd", "a zstd file"},
		{b, "%PDF-", "a PDF document"},
		{page, "<!doctype html", "a web page"},
		{page, "<html", "a web page"},
	} {
		if bytes.HasPrefix(k.begins, []byte(k.mark)) {
			return k.kind
		}
	}
	return ""
}
