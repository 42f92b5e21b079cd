package endpoint

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"uoma/connectors/parcel"
)

// withdrawnName is the file beside an earlier delivery that lists the rows that may not be used any more. Whoever reads the
// delivery here leaves them out.
const withdrawnName = "withdrawn.csv"

// withdrawals checks a delivery of kind withdrawal and carries it out.
type withdrawals struct {
	e    *Endpoint
	m    *parcel.Manifest
	rows []parcel.Withdrawn
	bad  int64
}

// File implements [Check].
func (w *withdrawals) File(name string, r io.Reader) error {
	if !strings.HasPrefix(name, parcel.DataPrefix) {
		return nil
	}
	if tableOf(name) != parcel.WithdrawalTable {
		w.bad++
		return nil
	}
	rows, err := parcel.DecodeWithdrawals(io.LimitReader(r, parcel.MaxPart))
	if err != nil {
		w.bad++
		return nil
	}
	w.rows = append(w.rows, rows...)
	return nil
}

// Findings implements [Check]: every row is one of a delivery that this endpoint accepted from the sender.
func (w *withdrawals) Findings() []parcel.Reason {
	if w.bad > 0 || len(w.rows) == 0 {
		return []parcel.Reason{{Type: "schema-violation", Table: parcel.WithdrawalTable, Count: max(w.bad, 1)}}
	}
	unknown := int64(0)
	for _, r := range w.rows {
		if d := w.of(r.DeliveryID); d == nil {
			unknown++
		}
	}
	if unknown > 0 {
		return []parcel.Reason{{Type: "withdrawal-unknown", Table: parcel.WithdrawalTable, Count: unknown}}
	}
	return nil
}

// of gives the accepted delivery of the same sender and dataset that a row belongs to, or nil.
func (w *withdrawals) of(id string) *delivery {
	d := w.e.store.find(w.m.SenderID, id)
	if d == nil || d.manifest.Dataset.ID != w.m.Dataset.ID || d.manifest.Kind == parcel.Withdrawal {
		return nil
	}
	if r := w.e.store.receipt(d); r == nil || r.Status != parcel.Accepted {
		return nil
	}
	return d
}

// apply writes the rows beside the deliveries that they are of. Doing it again changes nothing, so that an endpoint that is
// killed before the receipt does it anew. A row that was stopped may be erased later, and not the other way round.
func (w *withdrawals) apply() error {
	by := map[string][]parcel.Withdrawn{}
	for _, r := range w.rows {
		by[r.DeliveryID] = append(by[r.DeliveryID], r)
	}
	for _, id := range slices.Sorted(maps.Keys(by)) {
		path := w.of(id).path(withdrawnName)
		before, err := readWithdrawn(path)
		if err != nil {
			return err
		}
		rows := map[int64]parcel.Withdrawn{}
		for _, r := range slices.Concat(before, by[id]) {
			if rows[r.Row].Action != parcel.Erase {
				rows[r.Row] = r
			}
		}
		part, err := parcel.EncodeWithdrawals(slices.SortedFunc(maps.Values(rows), func(a, b parcel.Withdrawn) int { return cmp.Compare(a.Row, b.Row) }))
		if err != nil {
			return err
		}
		if err := writeFile(path, part); err != nil {
			return err
		}
	}
	return nil
}

func readWithdrawn(path string) ([]parcel.Withdrawn, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return parcel.DecodeWithdrawals(bytes.NewReader(raw))
}

// Withdrawn gives the rows of a sender's delivery that may not be used any more.
func (e *Endpoint) Withdrawn(sender, id string) ([]parcel.Withdrawn, error) {
	d := e.store.find(sender, id)
	if d == nil {
		return nil, fs.ErrNotExist
	}
	return readWithdrawn(d.path(withdrawnName))
}
