package ldiffile

import (
	"io"
	"unicode/utf8"

	"uoma/connectors/record"
	"uoma/connectors/tabular"
)

// Survey gives the outline of a dump: the attributes of its entries. One with a value that is no text has none there. What
// was met before an error is in it, too.
func Survey(r io.Reader) (*record.Outline, error) {
	const none = "-"
	x := New(r, tabular.Options{Feed: none, Columns: []tabular.Column{{Name: none}}})
	x.survey = &survey{spelled: map[string]string{}, binary: map[*record.Part]bool{}}
	err := x.once.Err
	for err == nil {
		err = x.next()
	}
	if err == io.EOF {
		err = nil
	}
	for part := range x.survey.binary {
		part.Value = false
	}
	return &x.survey.outline, err
}

// survey is the outline at work.
type survey struct {
	outline record.Outline
	spelled map[string]string // names as they came first, by their lower case
	binary  map[*record.Part]bool
}

func (s *survey) entry() { s.outline.Enter(nil, "", true) }

func (s *survey) attribute(lower string, name, value []byte) {
	if s.spelled[lower] == "" {
		s.spelled[lower] = string(name)
	}
	part := s.outline.Enter([]byte(s.spelled[lower]), "", false)
	if !utf8.Valid(value) && part != nil {
		s.binary[part] = true
	}
	s.outline.Value()
	s.outline.Leave()
}
