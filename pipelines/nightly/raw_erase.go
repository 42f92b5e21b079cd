package nightly

import (
	"context"
	"encoding/json"
	"strings"

	"uoma/connectors/ledger"
	"uoma/connectors/register"
	"uoma/connectors/snapshot"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines/workspace"
	"uoma/transforms/conform"
	"uoma/transforms/layout"
)

// rawTraces are what an erased person is known by in exports as they came.
type rawTraces struct {
	keys  map[string]bool // system and person key, also of own contact points
	codes map[string]bool // national codes, which are nobody else's
}

// rawOf gathers what the resolver knows a subject by.
func (n *Night) rawOf(subject string) rawTraces {
	t := rawTraces{keys: map[string]bool{}, codes: map[string]bool{}}
	for i := range n.resolved.Records {
		x := &n.resolved.Records[i]
		if x.Subject != subject {
			continue
		}
		t.keys[x.System+canon.KeySeparator+x.PersonKey] = true
		for _, id := range n.resolved.Identities(i) {
			for _, code := range []string{id.Hetu, id.FNR, id.Oppijanumero} {
				if code != "" {
					t.codes[strings.ToUpper(code)] = true
				}
			}
		}
	}
	mine, others := map[string]bool{}, map[string]bool{}
	for _, p := range n.resolved.Points(n.pointSystems()) {
		key := p.System + canon.KeySeparator + p.PersonKey
		if p.Subject == subject {
			mine[key] = true
		} else {
			others[key] = true
		}
	}
	for key := range mine {
		if !others[key] {
			t.keys[key] = true
		}
	}
	return t
}

// known tells whether a cell holds one of the person's national codes.
func (t rawTraces) known(cell string) bool {
	return len(cell) > 0 && t.codes[strings.ToUpper(strings.TrimSpace(cell))]
}

// cleanSnapshots empties the person's rows in every snapshot of the pipeline's feeds, each in its place, so that what the
// state says of places still holds. A snapshot of a feed without a layout cannot be read and is given up, unless a night
// needs it. The files of before go when the ledger names them no more.
func (n *Night) cleanSnapshots(ctx context.Context, night *register.Night, pipeline string, t rawTraces) (rows int, err error) {
	all, err := ledger.Snapshots(ctx, night.Tx(), "", maxSnapshots)
	if err != nil {
		return 0, err
	}
	feeds, err := n.everyFeed()
	if err != nil {
		return 0, err
	}
	needed, err := n.neededSnapshots(ctx, pipeline)
	if err != nil {
		return 0, err
	}
	renamed := map[string]string{}
	for _, s := range all {
		if renamed[s.Digest] != "" || !n.ws.Snapshots.Has(s.Digest, snapshot.Ext) {
			continue
		}
		f := feeds[s.Feed]
		if f == nil {
			if needed[s.Digest] {
				return rows, errUnread.At(fault.Place{Field: s.Feed})
			}
			if err := ledger.ForgetSnapshot(ctx, night.Tx(), s.Digest); err != nil {
				return rows, err
			}
			continue
		}
		digest, emptied, err := n.cleanSnapshot(ctx, f, s.Digest, t)
		if err != nil {
			return rows, err
		}
		if emptied == 0 {
			continue
		}
		rows += emptied
		renamed[s.Digest] = digest
		if err := ledger.RenameSnapshot(ctx, night.Tx(), s.Digest, digest); err != nil {
			return rows, err
		}
	}
	for _, m := range n.remembered {
		m.Snapshot, m.Base = renamedTo(renamed, m.Snapshot), renamedTo(renamed, m.Base)
	}
	return rows, nil
}

var errUnread = fault.New("UOMA-ERA-UNREAD", "a snapshot of a feed that no layout describes cannot be searched for the person",
	"bring the layout back into layouts/ and run the command again: it goes on where it stopped")

// everyFeed gives the feeds of tonight's layouts, and of all others that the workspace has.
func (n *Night) everyFeed() (map[string]*feedNight, error) {
	files, err := workspace.LayoutFiles(n.ws.Dir)
	if err != nil {
		return nil, err
	}
	out := map[string]*feedNight{}
	for _, f := range files {
		for i := range f.Layout.Feeds {
			out[f.Layout.Feeds[i].FullName()] = &feedNight{layout: f.Layout, feed: &f.Layout.Feeds[i]}
		}
	}
	n.each(func(l *layout.Layout, f *layout.Feed) { out[f.FullName()] = &feedNight{layout: l, feed: f} })
	return out, nil
}

// maxSnapshots is more than any workspace keeps.
const maxSnapshots = 1 << 30

func renamedTo(renamed map[string]string, digest string) string {
	if to := renamed[digest]; to != "" {
		return to
	}
	return digest
}

// cleanSnapshot writes a snapshot anew without the person's rows, if there are any.
func (n *Night) cleanSnapshot(ctx context.Context, f *feedNight, digest string, t rawTraces) (cleaned string, emptied int, err error) {
	c, err := conform.New(f.layout, f.feed, conform.Settings{AllowTemporary: n.ws.Settings.TemporaryIdentifiers, AllowSynthetic: n.ws.Settings.TemporaryIdentifiers})
	if err != nil {
		return "", 0, err
	}
	columns := names(f.feed.RawTable())
	theirs, place := map[int]bool{}, 0
	for b, err := range snapshot.Read(ctx, n.ws.Snapshots, digest, f.feed.FullName(), columns) {
		if err != nil {
			return "", 0, err
		}
		for i := range b.Len() {
			if t.ofRow(c, f.layout.System, b, i) {
				theirs[place+i] = true
			}
		}
		place += b.Len()
	}
	if len(theirs) == 0 {
		return "", 0, nil
	}
	w, err := snapshot.Create(n.ws.Snapshots, f.feed.FullName(), columns)
	if err != nil {
		return "", 0, err
	}
	defer w.Discard()
	var keys [][]byte
	var hashes []snapshot.Hash
	err = snapshot.Keys(n.ws.Snapshots, digest, func(key []byte, hash snapshot.Hash) {
		if theirs[len(keys)] {
			key, hash = nil, snapshot.Hash{}
		}
		keys, hashes = append(keys, append([]byte(nil), key...)), append(hashes, hash)
	})
	if err != nil {
		return "", 0, err
	}
	place = 0
	for b, err := range snapshot.Read(ctx, n.ws.Snapshots, digest, f.feed.FullName(), columns) {
		if err != nil {
			return "", 0, err
		}
		end := place + b.Len()
		if err := w.Write(emptyRows(b, func(i int) bool { return theirs[place+i] }), keys[place:end], hashes[place:end]); err != nil {
			return "", 0, err
		}
		place = end
	}
	cleaned, _, err = w.Commit()
	return cleaned, len(theirs), err
}

// ofRow tells whether a raw row is the person's.
func (t rawTraces) ofRow(c *conform.Conformer, system string, b *canon.Batch, i int) bool {
	if key, ok := c.PersonKey(b, i, nil); ok && t.keys[system+canon.KeySeparator+string(key)] {
		return true
	}
	for col := canon.RawFirst; len(t.codes) > 0 && col < len(b.Table.Columns); col++ {
		if v := b.Col(col); !v.Null(i) && t.known(v.Text(i)) {
			return true
		}
	}
	return false
}

// emptyRows copies a raw batch, of some rows nothing but the line.
func emptyRows(b *canon.Batch, empty func(i int) bool) *canon.Batch {
	out := canon.NewBuilder(b.Table, b.Feed)
	for i := range b.Len() {
		for col := range b.Table.Columns {
			switch {
			case col == canon.RawLine || !empty(i):
				out.Copy(col, b.Col(col), i)
			default:
				out.Null(col)
			}
		}
		out.EndRow()
	}
	return out.Flush()
}

// cleanQuarantine empties the person's quarantined rows: that a row was refused, where and why, stays.
func (n *Night) cleanQuarantine(ctx context.Context, night *register.Night, t rawTraces) (rows int, err error) {
	refs, err := ledger.QuarantineFiles(ctx, night.Tx())
	if err != nil {
		return 0, err
	}
	for _, ref := range refs {
		bad, err := ReadRejections(n.ws.Quarantine, ref.Ref)
		if err != nil {
			return rows, err
		}
		changed := 0
		for i := range bad {
			if t.ofRejection(canon.SystemOf(ref.Feed), &bad[i]) {
				bad[i].Key, bad[i].Raw = "", nil
				changed++
			}
		}
		if changed == 0 {
			continue
		}
		rows += changed
		if err := writeRejections(n.ws.Quarantine, ref.Ref, bad); err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// ofRejection tells whether a quarantined row is the person's: one of its cells is a person key in that system, or a part
// of one, or a national code.
func (t rawTraces) ofRejection(system string, x *canon.Rejection) bool {
	parts := map[string]bool{}
	for key := range t.keys {
		if rest, ok := strings.CutPrefix(key, system+canon.KeySeparator); ok {
			for _, part := range strings.Split(rest, canon.KeySeparator) {
				parts[strings.TrimPrefix(strings.TrimPrefix(part, canon.PointPrefix+"email:"), canon.PointPrefix+"phone:")] = true
			}
		}
	}
	for _, part := range strings.Split(x.Key, canon.KeySeparator) {
		if part != "" && (parts[part] || t.known(part)) {
			return true
		}
	}
	cells := map[string]string{}
	if len(x.Raw) > 0 && json.Unmarshal(x.Raw, &cells) != nil { // a line that could not be taken apart
		return t.inLine(string(x.Raw), parts)
	}
	for _, cell := range cells {
		if cell = strings.TrimSpace(cell); cell != "" && (parts[cell] || t.known(cell)) {
			return true
		}
	}
	return false
}

// inLine tells whether a line names the person by a code, or by a key that is long enough to be no other number.
func (t rawTraces) inLine(line string, parts map[string]bool) bool {
	const longEnough = 5
	line = strings.ToUpper(line)
	for code := range t.codes {
		if strings.Contains(line, code) {
			return true
		}
	}
	for part := range parts {
		if len(part) >= longEnough && strings.Contains(line, strings.ToUpper(part)) {
			return true
		}
	}
	return false
}
