// Package sidecar reads the small file that lies beside an export and says where the export is from: one JSON object of texts.
//
// [Read] gives its members. It takes no more than a few of them, none twice and nothing inside another: whoever writes a side-car
// by hand makes mistakes, and a mistake must be told of before a row is used. What the members mean is the layout's.
package sidecar

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"unicode"
	"unicode/utf8"

	"uoma/connectors/folder"
	"uoma/internal/fault"
)

// Limits of a side-car.
const (
	MaxBytes   = 64 << 10
	MaxMembers = 64
	MaxValue   = 1000 // characters
)

// Faults of side-cars.
var (
	ErrNone = fault.New("UOMA-LND-SIDECAR-NONE", "the file has no side-car, and nothing of it was used",
		"lay it beside the file, as FILE.meta.json unless the layout calls it otherwise, and run the same date again").For(fault.Source)
	ErrForm = fault.New("UOMA-LND-SIDECAR", "the side-car does not say what the layout asks of it; nothing of its file was used",
		"write one JSON object of texts with the keys that the layout lists, each once, and run the same date again").For(fault.Source)
)

// Read reads a side-car to its end. A member that is null is absent.
func Read(r io.Reader, name string) (map[string]string, error) {
	place := fault.Place{File: folder.Shown(path.Base(name))}
	wrong := func(why string) error { return ErrForm.At(place).Because(errors.New(why)) }
	text, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > MaxBytes:
		return nil, wrong(fmt.Sprintf("it is larger than %d bytes", MaxBytes))
	case !utf8.Valid(text):
		return nil, wrong("it is no UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(text, []byte("\uFEFF"))))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, wrong("it is no JSON object")
	}
	out, seen := map[string]string{}, 0
	names := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		key, text := t.(string)
		if err != nil || !text {
			return nil, wrong("it is no JSON object")
		}
		if seen++; seen > MaxMembers {
			return nil, wrong(fmt.Sprintf("it has more than %d members", MaxMembers))
		}
		if names[key] {
			return nil, wrong("a name stands twice")
		}
		names[key] = true
		value, err := d.Token()
		if err != nil {
			return nil, wrong("it is no JSON object")
		}
		switch v := value.(type) {
		case nil:
		case string:
			if utf8.RuneCountInString(v) > MaxValue || bytes.ContainsFunc([]byte(v), unicode.IsControl) {
				return nil, wrong("a text is too long, or has signs that do not print")
			}
			out[key] = v
		default:
			return nil, wrong("a member is no text")
		}
	}
	if _, err := d.Token(); err != nil {
		return nil, wrong("it ends early")
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, wrong("something stands behind the object")
	}
	return out, nil
}
