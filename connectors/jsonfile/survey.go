package jsonfile

import (
	"io"

	"uoma/connectors/record"
	"uoma/connectors/tabular"
)

// Survey gives the outline of a document, or of several, of all of it. What was met before an error is in it, too.
func Survey(r io.Reader) (*record.Outline, error) {
	const none = "-"
	x := New(r, Options{Options: record.Options{Options: tabular.Options{Feed: none, Columns: []tabular.Column{{Name: none}}}}})
	if x.once.Err != nil {
		return nil, x.once.Err
	}
	x.walk.survey = true
	var err error
	for err == nil {
		err = x.next()
	}
	if err == io.EOF {
		err = nil
	}
	return &x.walk.outline, err
}
