package outgoing

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"uoma/connectors/outfile"
	"uoma/transforms/target"
)

// digest names everything that goes out under a key of its own: two choices with one digest give the same file.
func (f *File) digest(c *choice) (string, error) {
	h := hmac.New(sha256.New, f.ws.Keys.Derive("selection", f.domain()))
	fmt.Fprintln(h, f.t.Digest())
	for _, rec := range c.records {
		fmt.Fprintln(h, rec.included.Person, rec.included.Clause)
	}
	if err := f.write(h, c); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// write writes the file of a choice.
func (f *File) write(w io.Writer, c *choice) error {
	var blocks []outfile.Block
	for _, b := range f.t.Blocks() {
		out := outfile.Block{Path: b.Path}
		for _, col := range b.Columns {
			out.Columns, out.Phones = append(out.Columns, col.Name), append(out.Phones, col.Phone())
		}
		blocks = append(blocks, out)
	}
	to, err := outfile.New(w, f.form(), blocks)
	if err != nil {
		return err
	}
	for _, rec := range c.records {
		if err := to.Row(0, rec.cells); err != nil {
			return err
		}
		for _, x := range rec.inside {
			if err := to.Row(x.block, x.cells); err != nil {
				return err
			}
		}
	}
	return to.Close()
}

// form gives the form of the file; rows of a table stand as CSV where their digest is made.
func (f *File) form() outfile.Form {
	x := f.t.Form
	if f.t.InTable() {
		x = target.Form{Type: outfile.CSV, Delimiter: ",", Encoding: "utf-8"}
	}
	return outfile.Form{Type: x.Type, Delimiter: x.Delimiter, Encoding: x.Encoding, QuoteAll: x.Quote == "all", LF: x.LineEnd == "lf",
		NoFormula: x.Formulas == "text", Sheet: x.Sheet, Root: x.Root, Namespace: x.Namespace}
}
