package parcel

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strconv"
	"time"

	"uoma/internal/late"
)

// A delivery of kind [Withdrawal] carries one table, always as CSV: rows of earlier deliveries that their recipient may not
// use any more. A row is named by its delivery and its number there, so that the sender need not know any more whose it is.
const (
	WithdrawalTable   = "withdrawals"
	WithdrawalVersion = "withdrawals-1" // schema_version of such a delivery
)

// Actions of a [Withdrawn].
const (
	Erase = "erase" // remove the row and what came of it
	Stop  = "stop"  // use it no more
)

// Withdrawn is one row of the table.
type Withdrawn struct {
	DeliveryID  string
	Row         int64 // from 1, over all parts
	Pseudonym   string
	Epoch       int64
	Action      string
	Reason      string // a word
	EffectiveAt time.Time
}

//go:embed withdrawals.schema.json
var withdrawalSchema []byte

// WithdrawalSchema gives the JSON Schema of a row.
func WithdrawalSchema() []byte { return slices.Clone(withdrawalSchema) }

var (
	withdrawalColumns = []string{"delivery_id", "row", "pseudonym", "epoch", "action", "reason", "effective_at"}
	pseudonymPattern  = late.Compile(`^[0-9a-z]{1,64}$`)
)

// EncodeWithdrawals gives one part of the table.
func EncodeWithdrawals(rows []Withdrawn) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	lines := [][]string{withdrawalColumns}
	for _, r := range rows {
		if err := r.check(); err != nil {
			return nil, ErrContents.Because(err)
		}
		lines = append(lines, []string{r.DeliveryID, strconv.FormatInt(r.Row, 10), r.Pseudonym, strconv.FormatInt(r.Epoch, 10), r.Action, r.Reason,
			r.EffectiveAt.Format(time.RFC3339Nano)})
	}
	err := w.WriteAll(lines)
	return b.Bytes(), err
}

// DecodeWithdrawals reads one part strictly.
func DecodeWithdrawals(from io.Reader) ([]Withdrawn, error) {
	r := csv.NewReader(from)
	r.FieldsPerRecord, r.ReuseRecord = len(withdrawalColumns), true
	header, err := r.Read()
	if err != nil || !slices.Equal(header, withdrawalColumns) {
		return nil, violation(WithdrawalTable, errors.New("the header is not that of withdrawals"))
	}
	var out []Withdrawn
	for {
		line, err := r.Read()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, violation(WithdrawalTable, errors.New("a line cannot be read"))
		}
		x := Withdrawn{DeliveryID: line[0], Pseudonym: line[2], Action: line[4], Reason: line[5]}
		var bad [3]error
		x.Row, bad[0] = strconv.ParseInt(line[1], 10, 64)
		x.Epoch, bad[1] = strconv.ParseInt(line[3], 10, 64)
		x.EffectiveAt, bad[2] = time.Parse(time.RFC3339Nano, line[6])
		if err := errors.Join(bad[:]...); err != nil {
			return nil, violation(WithdrawalTable, errors.New("a number or a moment cannot be read"))
		}
		if err := x.check(); err != nil {
			return nil, violation(WithdrawalTable, err)
		}
		out = append(out, x)
	}
}

func (w *Withdrawn) check() error {
	return findings(
		rule(uuidPattern.MatchString(w.DeliveryID), "delivery_id is not a lower-case UUIDv7"),
		rule(w.Row >= 1, "row begins at 1"),
		rule(pseudonymPattern.MatchString(w.Pseudonym) && w.Epoch >= 1, "the pseudonym is not one"),
		rule(w.Action == Erase || w.Action == Stop, "action is not erase or stop"),
		rule(idPattern.MatchString(w.Reason), "reason is not a word"),
		rule(inUTC(w.EffectiveAt), "effective_at is not in UTC"),
	)
}
