package nightly

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode"

	"uoma/connectors/erasures"
	"uoma/connectors/ledger"
	"uoma/connectors/register"
	"uoma/connectors/snapshot"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines/workspace"
	"uoma/transforms/conform"
	"uoma/transforms/layout"
	"uoma/transforms/policy"
	"uoma/transforms/protect"
	"uoma/transforms/pseudonym"
)

// rawTraces are what erased people are known by in exports as they came: the tokens of their records, also of contact points
// that nobody else has, and national codes, which are nobody else's.
type rawTraces struct {
	tokens  *pseudonym.Domain
	records map[string]bool
	code    func(cell string) bool
}

// tracesOf gathers the traces of people whom some entries of the book of erasures name. The codes are known by their marks.
func (n *Night) tracesOf(book []erasures.Entry) rawTraces {
	records, marks := map[string]bool{}, map[string]bool{}
	for _, e := range book {
		maps.Copy(records, set(e.Records))
		for _, m := range e.Marks {
			marks[m.Token] = true
		}
	}
	tokens := n.ws.Suppression()
	return rawTraces{n.ws.SourceTokens(), records, func(cell string) bool {
		if len(cell) < shortestCode || len(cell) > longestCode || !strings.ContainsAny(cell, "0123456789") {
			return false
		}
		return slices.ContainsFunc(policy.Borne(policy.Identity{Hetu: cell, FNR: cell, Oppijanumero: cell, ORCID: cell}), func(mark string) bool {
			return marks[workspace.SuppressionToken(tokens, mark)]
		})
	}}
}

// Lengths of national codes, with what people write around them.
const shortestCode, longestCode = 10, 40

func set(list []string) map[string]bool {
	out := make(map[string]bool, len(list))
	for _, x := range list {
		out[x] = true
	}
	return out
}

// key tells whether a person key of a system is theirs.
func (t *rawTraces) key(system, personKey string) bool {
	return t.records[protect.Record(t.tokens, system, personKey)]
}

// cell tells whether a cell is one of their person keys in a system, a contact point of theirs, or a national code.
func (t *rawTraces) cell(system, cell string) bool {
	cell = strings.TrimSpace(cell)
	if cell == "" {
		return false
	}
	return t.key(system, cell) || t.key(system, canon.PointPrefix+"email:"+strings.ToLower(cell)) || t.key(system, canon.PointPrefix+"phone:"+cell) || t.code(cell)
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
	"bring the layout back into layouts/; no command opens the workspace until the erasure is finished, and the next one finishes it")

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

func (n *Night) conformer(f *feedNight) (*conform.Conformer, error) {
	made := n.ws.Settings.TemporaryIdentifiers
	return conform.New(f.layout, f.feed, conform.Settings{AllowTemporary: made, AllowSynthetic: made})
}

// cleanSnapshot writes a snapshot anew without the person's rows, if there are any.
func (n *Night) cleanSnapshot(ctx context.Context, f *feedNight, digest string, t rawTraces) (cleaned string, emptied int, err error) {
	c, err := n.conformer(f)
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

// ofRow tells whether a raw row is theirs.
func (t *rawTraces) ofRow(c *conform.Conformer, system string, b *canon.Batch, i int) bool {
	if key, ok := c.PersonKey(b, i, nil); ok && t.key(system, string(key)) {
		return true
	}
	for col := canon.RawFirst; col < len(b.Table.Columns); col++ {
		if v := b.Col(col); !v.Null(i) && t.code(strings.TrimSpace(v.Text(i))) {
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
	feeds, err := n.everyFeed()
	if err != nil {
		return 0, err
	}
	for _, ref := range refs {
		bad, err := ReadRejections(n.ws.Quarantine, ref.Ref)
		if err != nil {
			return rows, err
		}
		whose, err := n.rejected(feeds[ref.Feed])
		if err != nil {
			return rows, err
		}
		changed := 0
		for i := range bad {
			if whose.are(&t, canon.SystemOf(ref.Feed), &bad[i]) {
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

// rejections reads refused rows of a feed as rows; of a feed without a layout cell by cell alone.
type rejections struct {
	f *feedNight
	c *conform.Conformer
}

func (n *Night) rejected(f *feedNight) (r rejections, err error) {
	if f != nil {
		r.f = f
		r.c, err = n.conformer(f)
	}
	return r, err
}

// are tells whether a refused row is of people: by its person key, or by any of its cells.
func (r rejections) are(t *rawTraces, system string, x *canon.Rejection) bool {
	for _, part := range strings.Split(x.Key, canon.KeySeparator) {
		if t.cell(system, part) {
			return true
		}
	}
	cells := map[string]string{}
	if len(x.Raw) > 0 && json.Unmarshal(x.Raw, &cells) != nil { // a line that could not be taken apart
		return t.line(system, string(x.Raw))
	}
	if r.f != nil && len(cells) > 0 {
		columns := r.f.feed.RawTable()
		b := canon.NewBuilder(columns, r.f.feed.FullName())
		b.Int(canon.RawLine, x.Line)
		b.Null(canon.RawKinds)
		for col := canon.RawFirst; col < len(columns.Columns); col++ {
			if cell, there := cells[columns.Columns[col].Name]; there {
				b.Text(col, cell)
			} else {
				b.Null(col)
			}
		}
		b.EndRow()
		if t.ofRow(r.c, system, b.Flush(), 0) {
			return true
		}
	}
	for _, cell := range cells {
		if t.cell(system, cell) {
			return true
		}
	}
	return false
}

// line tells whether something between the signs that part the cells of a line is theirs.
func (t *rawTraces) line(system, text string) bool {
	parted := func(r rune) bool { return unicode.IsControl(r) || strings.ContainsRune(`;,|"'<>{}[]`, r) }
	for _, cell := range strings.FieldsFunc(text, parted) {
		if t.cell(system, cell) {
			return true
		}
		for _, word := range strings.FieldsFunc(cell, func(r rune) bool { return unicode.IsSpace(r) || r == '=' || r == ':' }) {
			if t.cell(system, word) {
				return true
			}
		}
	}
	return false
}
