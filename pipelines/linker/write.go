package linker

import (
	"bufio"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"uoma/internal/fault"
	"uoma/transforms/linkage"
)

func (o Outputs) list() []string {
	all := []string{o.Clusters}
	if o.Pairs != "" {
		all = append(all, o.Pairs)
	}
	if o.Model != "" {
		all = append(all, o.Model)
	}
	if o.Golden != nil {
		all = append(all, o.Golden.Records, o.Golden.Provenance)
	}
	return all
}

// write writes the outcome.
func (r *run) write(ctx context.Context, out Outputs) error {
	err := replace(out.Clusters, r.clusters)
	if err == nil && out.Pairs != "" {
		err = replace(out.Pairs, r.pairs)
	}
	if err == nil && out.Model != "" && r.result != nil {
		err = replace(out.Model, r.model)
	}
	if err == nil && out.Golden != nil {
		err = r.golden(ctx, out.Golden)
	}
	return err
}

// model writes what was learned: shares and counts, and no value of a record.
func (r *run) model(w *bufio.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(r.result.Model)
}

// clusters writes each record's cluster, in the order of the records' ids. A cluster is named by the first of them.
func (r *run) clusters(w *bufio.Writer) error {
	w.WriteString("record_id,cluster_id,confidence\n")
	if r.result == nil {
		return nil
	}
	first := make([]int32, r.table.Len()) // of each cluster: its first record and 1
	for _, rec := range r.byID {
		if c := r.result.Cluster[rec]; first[c] == 0 {
			first[c] = rec + 1
		}
	}
	return lines(w, len(r.byID), func(line []byte, i int) []byte {
		rec := r.byID[i]
		line = appendCell(line, r.table.Label(rec))
		line = appendCell(append(line, ','), r.table.Label(first[r.result.Cluster[rec]]-1))
		line = strconv.AppendFloat(append(line, ','), float64(r.result.Confidence[rec]), 'f', 4, 32)
		return append(line, '\n')
	})
}

// lines writes n lines, which are made side by side.
func lines(w *bufio.Writer, n int, appendLine func([]byte, int) []byte) error {
	const together = 1 << 12
	parts := make([][]byte, runtime.GOMAXPROCS(0))
	for from := 0; from < n; from += len(parts) * together {
		var g errgroup.Group
		for k := range parts {
			g.Go(func() error {
				parts[k] = parts[k][:0]
				for i := from + k*together; i < min(from+(k+1)*together, n); i++ {
					parts[k] = appendLine(parts[k], i)
				}
				return nil
			})
		}
		_ = g.Wait() // none of them fails
		for _, part := range parts {
			if _, err := w.Write(part); err != nil {
				return err
			}
		}
	}
	return nil
}

// What became of a pair.
const (
	decidedLink   = "link"   // in one cluster
	decidedReview = "review" // too little for one, and too much to be sure that they are two people
	decidedApart  = "apart"  // alike, but a rule or what else is known of one of them keeps them apart
)

// pairs writes the pairs that may be one person's, by their ids.
func (r *run) pairs(w *bufio.Writer) error {
	w.WriteString("record_id_a,record_id_b,weight_bits,probability,decision\n")
	if r.result == nil {
		return nil
	}
	rank := make([]int32, r.table.Len())
	for i, rec := range r.byID {
		rank[rec] = int32(i)
	}
	all := slices.Clone(r.result.Pairs)
	for i, p := range all {
		a, b := rank[p.A], rank[p.B]
		all[i].A, all[i].B = min(a, b), max(a, b)
	}
	slices.SortFunc(all, func(x, y linkage.Pair) int { return cmp.Or(cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B)) })
	return lines(w, len(all), func(line []byte, i int) []byte {
		p := all[i]
		a, b := r.byID[p.A], r.byID[p.B]
		line = appendCell(line, r.table.Label(a))
		line = appendCell(append(line, ','), r.table.Label(b))
		line = strconv.AppendFloat(append(line, ','), float64(p.Weight), 'f', 2, 64)
		line = strconv.AppendFloat(append(line, ','), linkage.Probability(float64(p.Weight)), 'f', 6, 64)
		line = append(append(line, ','), r.decision(a, b, float64(p.Weight))...)
		return append(line, '\n')
	})
}

func (r *run) decision(a, b int32, weight float64) string {
	switch {
	case r.result.Cluster[a] == r.result.Cluster[b]:
		return decidedLink
	case weight > r.report.Threshold:
		return decidedApart
	}
	return decidedReview
}

// sorted gives the records in the order of their ids, and those with the same one in the order in which they came.
func (r *run) sorted() []int32 {
	type key struct {
		head uint64
		rec  int32
	}
	keys := make([]key, r.table.Len()) // as the records came: often that is the order already
	for rec := range int32(len(keys)) {
		keys[r.table.Came(rec)].rec = rec
	}
	for i := range keys {
		var head [8]byte
		copy(head[:], r.table.Label(keys[i].rec))
		keys[i].head = binary.BigEndian.Uint64(head[:])
	}
	slices.SortFunc(keys, func(a, b key) int {
		if a.head != b.head {
			return cmp.Compare(a.head, b.head)
		}
		return cmp.Or(cmp.Compare(r.table.Label(a.rec), r.table.Label(b.rec)), cmp.Compare(r.table.Came(a.rec), r.table.Came(b.rec)))
	})
	out := make([]int32, len(keys))
	for i, k := range keys {
		out[i] = k.rec
	}
	return out
}

// appendCell writes a cell by RFC 4180.
func appendCell(b []byte, s string) []byte {
	if !strings.ContainsAny(s, ",\"\r\n") {
		return append(b, s...)
	}
	b = append(b, '"')
	for i := range len(s) {
		if s[i] == '"' {
			b = append(b, '"')
		}
		b = append(b, s[i])
	}
	return append(b, '"')
}

// replace writes a file beside its place and puts it there when it is whole and durable. Only its owner may read it.
func replace(path string, fill func(*bufio.Writer) error) error {
	fail := func(err error) error {
		var own *fault.Error
		if errors.As(err, &own) || errors.Is(err, context.Canceled) {
			return err
		}
		return errWrite.At(fault.Place{File: path}).Because(err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".uoma-*.partial")
	if err != nil {
		return fail(err)
	}
	defer os.Remove(f.Name()) // fails once the file has its name
	w := bufio.NewWriterSize(f, 1<<18)
	err = fill(w)
	if err := errors.Join(err, w.Flush(), f.Sync(), f.Close()); err != nil {
		return fail(err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fail(err)
	}
	return nil
}
