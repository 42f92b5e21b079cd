package endpoint_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gofrs/uuid/v5"

	"uoma/connectors/carrier"
	"uoma/connectors/endpoint/endpointtest"
	"uoma/connectors/parcel"
)

// withdrawal makes the delivery of a sequence number that withdraws rows.
func withdrawal(t testing.TB, rig *endpointtest.Rig, sequence int64, previous *parcelled, part []byte, change func(*parcel.Manifest)) *parcelled {
	t.Helper()
	c := contents(rig)
	c.SchemaVersion, c.Format = parcel.WithdrawalVersion, parcel.CSV
	c.Tables = []parcel.Table{{Name: parcel.WithdrawalTable, Schema: parcel.WithdrawalSchema(), Parts: func(yield func(parcel.Part, error) bool) {
		yield(parcel.Part{Data: part, Rows: int64(bytes.Count(part, []byte("\n"))) - 1}, nil)
	}}}
	return packed(t, rig, c, sequence, previous, func(m *parcel.Manifest) {
		m.Kind = parcel.Withdrawal
		if change != nil {
			change(m)
		}
	})
}

func TestAWithdrawalIsCarriedOutBeforeItsReceipt(t *testing.T) {
	rig := endpointtest.New(t, nil)
	http := client(t, rig)
	send := func(p *parcelled, status string) *parcel.Receipt {
		t.Helper()
		want(t, p.put(t, rig, http), 201, "")
		want(t, p.patch(t, rig, http, 0, p.container), 204, "")
		return waitFor(t, rig, p, status)
	}
	first := pack(t, rig, 1, nil, nil)
	send(first, carrier.Accepted)
	row := parcel.Withdrawn{DeliveryID: first.id, Row: 2, Pseudonym: "p2", Epoch: 1, Action: parcel.Erase, Reason: "erased", EffectiveAt: rig.Clock.Now().UTC().Truncate(time.Second)}
	part := func(change func(*parcel.Withdrawn)) []byte {
		x := row
		change(&x)
		b, err := parcel.EncodeWithdrawals([]parcel.Withdrawn{x})
		must(t, err)
		return b
	}
	kept := func() []parcel.Withdrawn {
		t.Helper()
		f, err := os.Open(filepath.Join(rig.Folder, "state", "deliveries", endpointtest.Sender, first.id, "withdrawn.csv"))
		if os.IsNotExist(err) {
			return nil
		}
		must(t, err)
		defer f.Close()
		rows, err := parcel.DecodeWithdrawals(f)
		must(t, err)
		return rows
	}

	want(t, withdrawal(t, rig, 2, first, part(func(*parcel.Withdrawn) {}), func(m *parcel.Manifest) { m.Dataset.SchemaVersion = "1.0" }).put(t, rig, http), 422, carrier.SchemaUnknown)
	unknown := withdrawal(t, rig, 2, first, part(func(w *parcel.Withdrawn) { w.DeliveryID = uuid.Must(uuid.NewV7()).String() }), nil)
	if r := send(unknown, carrier.Rejected); r.Reasons[0].Type != "withdrawal-unknown" || r.Level != parcel.Opened || kept() != nil {
		t.Errorf("%+v, %v", r, kept())
	}
	broken := withdrawal(t, rig, 3, unknown, []byte("delivery_id,row\r\nx,1\r\n"), nil)
	if r := send(broken, carrier.Rejected); r.Reasons[0].Type != "schema-violation" || kept() != nil {
		t.Errorf("%+v, %v", r, kept())
	}
	erase := withdrawal(t, rig, 4, broken, part(func(*parcel.Withdrawn) {}), nil)
	if r := send(erase, carrier.Accepted); r.Level != parcel.Validated || len(kept()) != 1 || kept()[0] != row {
		t.Errorf("%+v, %v", r, kept())
	}
	stop := withdrawal(t, rig, 5, erase, part(func(w *parcel.Withdrawn) { w.Action, w.Reason = parcel.Stop, "objection" }), nil)
	if send(stop, carrier.Accepted); len(kept()) != 1 || kept()[0] != row {
		t.Errorf("what was erased is only stopped: %v", kept())
	}
}
