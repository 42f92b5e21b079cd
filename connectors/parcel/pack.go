package parcel

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"time"
	"unicode/utf8"

	"uoma/internal/fault"
)

// Formats of parts. An archive holds one.
const (
	Parquet = "parquet"
	CSV     = "csv"
)

// Contents is what goes into an archive.
type Contents struct {
	DeliveryID      string
	Dataset         string
	SchemaVersion   string
	PseudonymDomain string
	PseudonymEpoch  int64
	ConsentCutAt    time.Time
	Suppressed      map[string]int64

	Nonce   [32]byte // random, drawn once for a delivery; it makes the digest of the plaintext unguessable
	Format  string   // Parquet or CSV
	Tables  []Table  // in the order in which they stand in the archive
	Quality []byte   // quality.json, aggregates only
}

// Table is one table of the contents. Parts is asked for once; a part is written before the next one is asked for, so
// that only one stands in memory. An error of the producer ends the packing and comes back as it is.
type Table struct {
	Name   string
	Schema []byte // JSON
	Parts  iter.Seq2[Part, error]
}

// Part is one piece of a table, at most [MaxPart] bytes. Its data may be reused once the next part is asked for.
type Part struct {
	Data []byte
	Rows int64
}

// Packed is what [WriteInner] wrote.
type Packed struct {
	Inner        Inner
	SchemaSHA256 string // for the manifest's dataset.schema_sha256
	Bytes        int64
}

// WriteInner writes the archive: ustar, files only, in the protocol's order, with nothing of the host or the hour in it,
// so that the same contents give the same bytes.
func WriteInner(w io.Writer, c *Contents) (Packed, error) {
	if err := c.check(); err != nil {
		return Packed{}, err
	}
	out := &counter{w: w}
	p := packer{tar: tar.NewWriter(out), c: c}
	if err := p.write(); err != nil {
		return Packed{}, err
	}
	return Packed{Inner: p.inner, SchemaSHA256: SHA256Hex(p.schemas.Bytes()), Bytes: out.n}, nil
}

// SchemaDigest gives the digest of the schemas of a delivery: that of their lines in SHA256SUMS, so that
// grep '  schema/' SHA256SUMS | sha256sum prints it.
func SchemaDigest(tables []Table) string {
	var lines bytes.Buffer
	for _, t := range tables {
		lines.WriteString(sumLine(SHA256Hex(t.Schema), schemaPath(t.Name)))
	}
	return SHA256Hex(lines.Bytes())
}

func sumLine(digest, path string) string { return digest + "  " + path + "\n" }

func (c *Contents) check() error {
	switch {
	case c.Format != Parquet && c.Format != CSV:
		return ErrContents.Because(errors.New("the format is not parquet or csv"))
	case c.Nonce == [32]byte{}:
		return ErrContents.Because(errors.New("the nonce is not drawn"))
	case !json.Valid(c.Quality) || !utf8.Valid(c.Quality) || len(c.Quality) > maxDocument:
		return ErrContents.At(fault.Place{Field: QualityName}).Because(errors.New("it is not JSON of at most 16 MiB"))
	}
	for _, t := range c.Tables {
		if t.Parts == nil || !json.Valid(t.Schema) || !utf8.Valid(t.Schema) || len(t.Schema) > maxDocument {
			return ErrContents.At(fault.Place{Field: t.Name}).Because(errors.New("the table has no parts or no schema"))
		}
	}
	in := c.inner()
	for _, t := range c.Tables {
		in.Tables = append(in.Tables, InnerTable{Name: t.Name})
	}
	if err := in.check(); err != nil {
		return ErrContents.Because(err)
	}
	return nil
}

func (c *Contents) inner() Inner {
	in := Inner{
		DeliveryID: c.DeliveryID, Dataset: c.Dataset, SchemaVersion: c.SchemaVersion, Tables: []InnerTable{},
		PseudonymDomain: c.PseudonymDomain, PseudonymEpoch: c.PseudonymEpoch, ConsentCutAt: c.ConsentCutAt, Suppressed: c.Suppressed,
	}
	if in.Suppressed == nil {
		in.Suppressed = map[string]int64{}
	}
	return in
}

// packer writes one archive from front to back.
type packer struct {
	tar     *tar.Writer
	c       *Contents
	inner   Inner
	sums    bytes.Buffer // SHA256SUMS so far
	schemas bytes.Buffer // its lines for schemas
}

func (p *packer) write() error {
	p.inner = p.c.inner()
	if _, err := p.file(NonceName, p.c.Nonce[:]); err != nil {
		return err
	}
	for _, t := range p.c.Tables {
		if err := p.table(t); err != nil {
			return err
		}
	}
	for _, t := range p.c.Tables {
		sum, err := p.file(schemaPath(t.Name), t.Schema)
		if err != nil {
			return err
		}
		p.schemas.WriteString(sumLine(sum, schemaPath(t.Name)))
	}
	if _, err := p.file(QualityName, p.c.Quality); err != nil {
		return err
	}
	inner, err := encode(&p.inner, maxDocument, ErrContents, p.inner.check)
	if err != nil {
		return err
	}
	if _, err := p.file(InnerName, inner); err != nil {
		return err
	}
	if _, err := p.file(SumsName, bytes.Clone(p.sums.Bytes())); err != nil {
		return err
	}
	return p.tar.Close()
}

func (p *packer) table(t Table) error {
	done := InnerTable{Name: t.Name, Parts: []InnerPart{}}
	for part, err := range t.Parts {
		if err != nil {
			return err
		}
		switch {
		case len(part.Data) > MaxPart || part.Rows < 0:
			return ErrContents.At(fault.Place{Field: t.Name}).Because(errors.New("a part is larger than 64 MiB"))
		case len(done.Parts) == maxParts:
			return ErrContents.At(fault.Place{Field: t.Name}).Because(errors.New("the table has too many parts"))
		}
		path := partStem(t.Name, len(done.Parts)) + "." + p.c.Format
		sum, err := p.file(path, part.Data)
		if err != nil {
			return err
		}
		done.Parts = append(done.Parts, InnerPart{Path: path, SHA256: sum, Bytes: int64(len(part.Data)), Rows: part.Rows})
		done.Rows += part.Rows
	}
	p.inner.Tables = append(p.inner.Tables, done)
	return nil
}

// file writes one entry and its line of SHA256SUMS, and gives its digest.
func (p *packer) file(name string, data []byte) (string, error) {
	h := tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(data)), Mode: 0o600, ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}
	if err := p.tar.WriteHeader(&h); err != nil {
		return "", err
	}
	if _, err := p.tar.Write(data); err != nil {
		return "", err
	}
	sum := SHA256Hex(data)
	p.sums.WriteString(sumLine(sum, name))
	return sum, nil
}

// counter counts what passes.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
