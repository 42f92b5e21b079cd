package outfile

import (
	"encoding/json"
	"io"
)

// lines writes one JSON object a row (JSON Lines), its members in the order of the columns. All are texts; one without
// anything is null.
type lines struct {
	w     io.Writer
	names [][]byte
	line  []byte
}

func newLines(w io.Writer, columns []string) (Writer, error) {
	l := &lines{w: w}
	for _, c := range columns {
		name, err := json.Marshal(c)
		if err != nil {
			return nil, err
		}
		l.names = append(l.names, name)
	}
	return l, nil
}

func (l *lines) Row(_ int, cells []string) error {
	l.line = l.line[:0]
	for i, s := range cells {
		l.line = append(append(append(l.line, "{,"[min(i, 1)]), l.names[i]...), ':')
		if s == "" {
			l.line = append(l.line, "null"...)
			continue
		}
		text, err := json.Marshal(s)
		if err != nil {
			return err
		}
		l.line = append(l.line, text...)
	}
	_, err := l.w.Write(append(l.line, "}\n"...))
	return err
}

func (l *lines) Close() error { return nil }
