package linker

import (
	"bufio"
	"cmp"
	"context"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"time"

	"uoma/connectors/rowfile"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/transforms/golden"
	"uoma/transforms/identifier"
	"uoma/transforms/linkage"
)

var (
	errChanged  = fault.New("UOMA-LNK-CHANGED", "a file is not what it was when its records were linked", "resolve again when nobody writes to it")
	errModified = fault.New("UOMA-LNK-MODIFIED", "no file has the column that tells when a record last changed", "name a column as the header has it")
)

// Golden asks for one record of each person.
type Golden struct {
	Rules    *golden.Rules
	On       canon.Date // the day on which values must not have expired; 0: none has
	Modified string     // column that tells when a record last changed, in the files that have it; "" for none
	// Records is the file of golden records, Provenance the one of where each of their values comes from.
	Records, Provenance string
}

// setMark parts the values of a set in a cell.
const setMark = " | "

// golden reads the files again, as linking has kept no value as it stands, and writes a record of each cluster in the
// order of the clusters' ids.
func (r *run) golden(ctx context.Context, g *Golden) error {
	kept, err := r.keep(ctx, g)
	if err != nil {
		return err
	}
	return replace(g.Records, func(records *bufio.Writer) error {
		return replace(g.Provenance, func(provenance *bufio.Writer) error {
			w := goldenWriter{records: records, provenance: provenance, fields: kept.header()}
			w.head()
			merger := golden.New(g.Rules, g.On)
			for _, cluster := range r.members() {
				if err := ctx.Err(); err != nil {
					return err
				}
				said := make([]golden.Record, len(cluster))
				for i, rec := range cluster {
					said[i] = kept.record(r.table.Came(rec))
					said[i].ID = r.table.Label(rec)
				}
				w.write(r.table.Label(cluster[0]), merger.Merge(said))
			}
			return nil
		})
	})
}

// members gives the records of each cluster by their ids, clusters by the first of them.
func (r *run) members() [][]int32 {
	if r.result == nil {
		return nil
	}
	at := make([]int32, r.table.Len()) // of each cluster: its place in the list and 1
	var out [][]int32
	for _, rec := range r.byID {
		c := r.result.Cluster[rec]
		if at[c] == 0 {
			out = append(out, nil)
			at[c] = int32(len(out))
		}
		out[at[c]-1] = append(out[at[c]-1], rec)
	}
	return out
}

// keeper holds the cells of all records as they stand in the files, in the order in which they came.
type keeper struct {
	names []string // golden field of each of the table's fields, "" for those that are none
	cells []byte   // of each record: its time, then each field's length and text
	at    []int
}

func (r *run) keep(ctx context.Context, g *Golden) (*keeper, error) {
	k := &keeper{names: goldenNames(r.job.fields)}
	found := g.Modified == ""
	for _, s := range r.job.sources {
		rows := newRows(r.job, s)
		changed := -1
		for i := range s.columns {
			if name := s.columns[i].Name; g.Modified != "" && name != "" && fold(name) == fold(g.Modified) {
				changed, found = rows.want(name), true
			}
		}
		if err := k.file(ctx, s, rows, changed); err != nil {
			return nil, err
		}
	}
	if !found {
		return nil, errModified.At(fault.Place{Field: g.Modified})
	}
	if len(k.at) != r.table.Len() {
		return nil, errChanged
	}
	return k, nil
}

// want gives the place of a column among those that are read.
func (r *rows) want(name string) int {
	if i := slices.Index(r.columns, name); i >= 0 {
		return i
	}
	r.columns = append(r.columns, name)
	return len(r.columns) - 1
}

func (k *keeper) file(ctx context.Context, s *source, rows *rows, changed int) error {
	in, err := s.open(ctx, rows.columns, func(canon.Rejection) {}) // they are in the report already
	if err != nil {
		return err
	}
	defer in.Close()
	return k.batches(ctx, in, rows, changed)
}

func (k *keeper) batches(ctx context.Context, in rowfile.Reader, rows *rows, changed int) error {
	instant := identifier.Rules()["instant"]
	params := &identifier.Params{Formats: []string{identifier.FormatRFC3339, "yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd", "d.M.yyyy H:mm:ss", "d.M.yyyy H:mm", "d.M.yyyy"}}
	for b, err := range in.Batches(ctx) {
		if fault.Code(err) == emptyCode {
			return nil
		}
		if err != nil {
			return err
		}
		rows.take(b)
		for i := range rows.Len() {
			var modified int64
			if changed >= 0 {
				if t, err := time.Parse(time.RFC3339Nano, instant(string(rows.cols[changed].Bytes(i)), params).Value); err == nil {
					modified = t.UnixMicro()
				}
			}
			k.at = append(k.at, len(k.cells))
			k.cells = binary.AppendVarint(k.cells, modified)
			for f := range k.names {
				v := rows.cell(f, i)
				k.cells = append(binary.AppendUvarint(k.cells, uint64(len(v))), v...)
			}
		}
	}
	return nil
}

// record gives a record as it stands in its file.
func (k *keeper) record(came int32) golden.Record {
	b := k.cells[k.at[came]:]
	modified, n := binary.Varint(b)
	b = b[n:]
	out := golden.Record{Modified: modified}
	lists := map[string]int{} // fields of which several columns are one list: their place
	for f, name := range k.names {
		size, n := binary.Uvarint(b)
		text := string(b[n : n+int(size)])
		b = b[n+int(size):]
		at, listed := lists[name]
		switch {
		case f == fieldSource:
			out.Source = text
		case name == "" || strings.TrimSpace(text) == "":
		case listed:
			out.Values[at].Text += " " + text
		default:
			if name == linkage.GivenNames.String() {
				lists[name] = len(out.Values)
			}
			out.Values = append(out.Values, golden.Value{Field: name, Text: text})
		}
	}
	return out
}

// goldenNames gives the golden field of each of the table's fields: the kind, or of an identifier, number or text what it
// is. Several columns of e-mail addresses and phones are one set, several of given names one list; the second of another
// kind is a field of its own.
func goldenNames(fields []linkage.Field) []string {
	out := make([]string, len(fields))
	nth := map[string]int{}
	for i, f := range fields {
		name := f.Kind.String()
		switch f.Kind {
		case linkage.Ignored, linkage.RecordID, linkage.Source, linkage.Mark:
			continue
		case linkage.Identifier, linkage.Number, linkage.Text:
			name = f.Name
		}
		if i < fieldsOwn {
			continue
		}
		if nth[name]++; nth[name] > 1 && f.Kind != linkage.Email && f.Kind != linkage.Phone && f.Kind != linkage.GivenNames {
			name += "_" + strconv.Itoa(nth[name])
		}
		out[i] = name
	}
	return out
}

// header gives the fields in the order of the columns.
func (k *keeper) header() []string {
	var out []string
	for _, n := range k.names {
		if n != "" && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// goldenWriter writes golden records, one after the other. Errors are found by the writers' flush.
type goldenWriter struct {
	records, provenance *bufio.Writer
	fields              []string
	line                []byte
}

func (w *goldenWriter) head() {
	w.line = append(w.line[:0], "cluster_id"...)
	for _, f := range w.fields {
		w.line = appendCell(append(w.line, ','), f)
	}
	w.records.Write(append(w.line, '\n'))
	w.provenance.WriteString("cluster_id,field,source,record_id,why\n")
}

func (w *goldenWriter) write(cluster string, g *golden.Result) {
	w.line = appendCell(w.line[:0], cluster)
	for _, f := range w.fields {
		w.line = appendCell(append(w.line, ','), strings.Join(g.All(f), setMark))
	}
	w.records.Write(append(w.line, '\n'))
	for i := range g.Fields {
		f := &g.Fields[i]
		w.line = appendCell(w.line[:0], cluster)
		for _, cell := range [4]string{f.Name, cmp.Or(f.Source, "-"), f.Record, string(f.Why)} {
			w.line = appendCell(append(w.line, ','), cell)
		}
		w.provenance.Write(append(w.line, '\n'))
	}
}
