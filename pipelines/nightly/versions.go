package nightly

import (
	"context"
	"slices"

	"uoma/connectors/ledger"
	"uoma/connectors/snapshot"
	"uoma/internal/canon"
	"uoma/transforms/conform"
	"uoma/transforms/layout"
)

// versions notes when the rows of a feed are from whose layout says that of rows with one key the latest counts.
type versions struct {
	c     *conform.Conformer
	asked bool
	from  []moment // by row
}

// moment is when a row is from, in the measure of its column.
type moment struct {
	at    int64
	known bool
}

func (v *versions) note(b *canon.Batch) {
	if !v.asked {
		return
	}
	for i := range b.Len() {
		at, known := v.c.When(b, i)
		v.from = append(v.from, moment{at, known})
	}
}

// version is what is known of a key that more than one row has.
type version struct {
	latest int  // row
	doubt  bool // a row does not say when it is from
	tied   bool // two that differ are the latest
}

// outdated gives all rows of each key but the latest, in their order. Where it is in doubt which of a key's rows that is, none of
// them is given: those that differ stay in conflict. The order of the rows says nothing.
func (v *versions) outdated(rows []rowPrint) (out []int) {
	if !v.asked {
		return nil
	}
	keys := map[rowID]*version{}
	for _, id := range again(rows) {
		keys[id] = nil
	}
	if len(keys) == 0 {
		return nil
	}
	for i, row := range rows {
		k, several := keys[row.id]
		switch {
		case !several:
			continue
		case k == nil:
			keys[row.id] = &version{latest: i, doubt: !v.from[i].known}
			continue
		}
		k.doubt = k.doubt || !v.from[i].known
		switch now, best := v.from[i].at, v.from[k.latest].at; {
		case now > best:
			k.latest, k.tied = i, false
		case now == best:
			k.tied = k.tied || row.hash != rows[k.latest].hash
		}
	}
	for i, row := range rows {
		if k := keys[row.id]; k != nil && !k.doubt && !k.tied && i != k.latest {
			out = append(out, i)
		}
	}
	return out
}

// newest puts a snapshot without outdated rows in the place of the one with all, and gives its rows.
func (s land) newest(ctx context.Context, f *layout.Feed, ff *FeedFacts, rows []rowPrint, outdated []int) ([]rowPrint, error) {
	if len(outdated) == 0 {
		return rows, nil
	}
	old := map[int]bool{}
	for _, i := range outdated {
		old[i] = true
	}
	var places []int32
	var keys [][]byte
	var hashes []snapshot.Hash
	var kept []rowPrint
	n := 0
	err := snapshot.Keys(s.n.ws.Snapshots, ff.Digest, func(key []byte, hash snapshot.Hash) {
		if !old[n] {
			places = append(places, int32(n))
			keys, hashes, kept = append(keys, slices.Clone(key)), append(hashes, hash), append(kept, rows[n])
		}
		n++
	})
	if err != nil {
		return nil, err
	}
	columns, all := names(f.RawTable()), ff.Digest
	w, err := snapshot.Create(s.n.ws.Snapshots, ff.Feed, columns)
	if err != nil {
		return nil, err
	}
	defer w.Discard()
	at := 0
	for b, err := range snapshot.Select(ctx, s.n.ws.Snapshots, all, ff.Feed, columns, places) {
		if err != nil {
			return nil, err
		}
		if err := w.Write(b, keys[at:at+b.Len()], hashes[at:at+b.Len()]); err != nil {
			return nil, err
		}
		at += b.Len()
	}
	if ff.Digest, ff.Bytes, err = w.Commit(); err != nil {
		return nil, err
	}
	ff.Rows, ff.Outdated = int64(len(kept)), int64(len(outdated))
	return kept, s.forget(ctx, all)
}

// forget removes a snapshot that no night is of. An earlier one may have been of the same rows, by another layout.
func (s land) forget(ctx context.Context, digest string) error {
	known, err := ledger.Digests(ctx, s.n.ws.RegisterDB)
	if err != nil || slices.Contains(known, digest) {
		return err
	}
	return s.n.ws.Snapshots.RemoveDigest(digest, snapshot.Ext)
}
