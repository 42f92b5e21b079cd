package nightly

import (
	"encoding/json"
	"errors"
	"io"

	"uoma/connectors/blob"
	"uoma/connectors/ledger"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
)

// quarantineStages are the stages that may refuse a row, in order.
var quarantineStages = []string{"land", "conform", "protect"}

// writeRejections writes a feed's quarantined rows of a stage, one JSON object a line. No rejections, no file.
func writeRejections(s *blob.Store, name string, rows []canon.Rejection) error {
	if len(rows) == 0 {
		return s.Remove(name)
	}
	w, err := s.Create()
	if err != nil {
		return err
	}
	defer w.Discard()
	enc := json.NewEncoder(w)
	for i := range rows {
		if err := enc.Encode(&rows[i]); err != nil {
			return err
		}
	}
	_, err = w.Commit(name, "")
	return err
}

// ReadRejections reads the rows that a stage quarantined of a feed. They hold personal values.
func ReadRejections(s *blob.Store, name string) ([]canon.Rejection, error) {
	f, err := s.Open(name)
	if fault.Code(err) == "UOMA-BLB-MISSING" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []canon.Rejection
	dec := json.NewDecoder(f.Reader())
	for {
		var x canon.Rejection
		if err := dec.Decode(&x); errors.Is(err, io.EOF) {
			return out, nil
		} else if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
}

// quarantined gives a feed's quarantined rows of all stages in the ledger's terms: places and codes, no value.
func (n *Night) quarantined(r *pipelines.Run, feed string) ([]ledger.Quarantined, error) {
	var out []ledger.Quarantined
	for _, stage := range quarantineStages {
		name := workName(r, stage, feed)
		rows, err := ReadRejections(n.ws.Quarantine, name)
		if err != nil {
			return nil, err
		}
		for _, x := range rows {
			out = append(out, ledger.Quarantined{Run: r.ID(), Feed: feed, Line: x.Line, Field: x.Field, Code: x.Code,
				Reason: x.Reason, Stage: stage, Ref: name})
		}
	}
	return out, nil
}
