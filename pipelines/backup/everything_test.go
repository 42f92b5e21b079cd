package backup_test

import (
	"bytes"
	"io"
	"os"

	"filippo.io/age"

	archive "uoma/connectors/backup"
)

// everything is the content of a backup.
type everything struct {
	text  []byte
	names []string
}

func (e *everything) read(file string, s *site) error {
	f, err := os.Open(s.identity)
	if err != nil {
		return err
	}
	defer f.Close()
	ids, err := age.ParseIdentities(f)
	if err != nil {
		return err
	}
	_, err = archive.Read(file, ids, e, func(manifest, _ []byte) error {
		e.text = append(e.text, manifest...)
		return nil
	})
	return err
}

func (e *everything) File(name string, content io.Reader) error {
	e.names = append(e.names, name)
	text, err := io.ReadAll(content)
	e.text = append(e.text, text...)
	return err
}

func (e *everything) Rows(r *archive.Rows) error {
	var b bytes.Buffer
	for i := range r.Len() {
		for c := range r.Columns {
			if s, ok := r.Value(i, c).Arg().(string); ok {
				b.WriteString(s)
			}
		}
	}
	e.text = append(e.text, b.Bytes()...)
	return nil
}
