package rest

import (
	"errors"

	"uoma/connectors/jsonfile"
)

// page is what an answer holds beside its rows.
type page struct {
	rows                              int64
	list                              []byte // the rows as they were written
	next, more, total, least, changes jsonfile.Value
}

// readPage looks at one answer.
func readPage(body []byte, q Query) (page, error) {
	p := q.Paging
	o, err := jsonfile.ReadEnvelope(body, q.Rows, p.Next, p.More, p.Total, p.AtLeast, q.Errors, p.Changes)
	if err == nil && o.Values[4].Kind != jsonfile.Absent {
		err = errors.New("it tells of errors")
	}
	return page{o.Records, o.List, o.Values[0], o.Values[1], o.Values[2], o.Values[3], o.Values[5]}, err
}
