package review

import (
	"context"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/ledger"
	"uoma/internal/fault"
	"uoma/transforms/clerical"
)

var (
	errWho = fault.New("UOMA-REV-BY", "it is not clear who decides",
		"write --by with a user name or an address at work: up to 64 letters, digits, dots, hyphens, underscores and @")
	errConflict = fault.New("UOMA-REV-CONFLICT", "the decision contradicts earlier ones",
		"uoma review log shows them; decide the wrong one anew, then this one")
	who = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$`)
)

// CheckWho fails for a name that nobody at work has.
func CheckWho(name string) error {
	if !who.MatchString(name) {
		return errWho
	}
	return nil
}

// Author is who decides, when, and the proof that the nightly's lease is still held, which is the last thing before the
// commit.
type Author struct {
	By    string
	At    time.Time
	Check func(context.Context, *sqlx.Tx) error
}

// Decide writes one decision. It tells whether it is new: a pair that stands as decided already is left alone.
func (d *Desk) Decide(ctx context.Context, l *clerical.Line, verdict clerical.Verdict, reason string, by Author) (fresh bool, err error) {
	if err := CheckWho(by.By); err != nil {
		return false, err
	}
	if err := errors.Join(asError(clerical.CheckVerdict(verdict)), asError(clerical.CheckReason(reason, clerical.Reasons()))); err != nil {
		return false, err
	}
	batch := batch{d: d, by: by}
	fresh, wrong := batch.take(l.Pair, verdict, reason)
	if wrong != nil {
		return false, wrong
	}
	return fresh, batch.commit(ctx)
}

// asError keeps a fault that is not there from being an error that is.
func asError(f *fault.Error) error {
	if f == nil {
		return nil
	}
	return f
}

// batch is decisions that are made together.
type batch struct {
	d     *Desk
	by    Author
	fresh []ledger.Decision
}

// take adds a decision to the batch, unless it stands already or contradicts.
func (b *batch) take(p clerical.Pair, verdict clerical.Verdict, reason string) (fresh bool, wrong *fault.Error) {
	if old, ok := b.d.book.Of(p); ok && old.Verdict == verdict && (reason == "" || b.d.reasonOf(old.Number) == reason) {
		return false, nil
	}
	next := int64(1)
	if n := len(b.d.decisions); n > 0 {
		next = b.d.decisions[n-1].Number + 1
	}
	x := clerical.Decision{Number: next, Pair: p, Verdict: verdict}
	if against := b.d.book.Contradicts(x); len(against) > 0 {
		return false, errConflict.Because(errors.New(named(against)))
	}
	line := ledger.Decision{Number: next, A: p.A, B: p.B, Decision: string(verdict), DecidedBy: b.by.By, DecidedAt: b.by.At.UnixMicro(),
		Reason: reason, Run: b.d.left.Run}
	b.d.book.Add(x)
	b.d.decisions = append(b.d.decisions, line)
	b.fresh = append(b.fresh, line)
	return true, nil
}

func (d *Desk) reasonOf(number int64) string {
	for i := range d.decisions {
		if d.decisions[i].Number == number {
			return d.decisions[i].Reason
		}
	}
	return ""
}

// named lists decisions by number and verdict.
func named(all []clerical.Decision) string {
	var words []string
	for _, d := range all {
		words = append(words, "decision "+strconv.FormatInt(d.Number, 10)+" ("+string(d.Verdict)+")")
	}
	return strings.Join(words, ", ")
}

// commit writes the batch.
func (b *batch) commit(ctx context.Context) error {
	if len(b.fresh) == 0 {
		return nil
	}
	return b.d.ws.RegisterDB.Do(ctx, func(tx *sqlx.Tx) error {
		if err := ledger.AddDecisions(ctx, tx, b.fresh); err != nil {
			return err
		}
		return b.by.Check(ctx, tx)
	})
}

// Imported says what became of every row of a sheet: Rows = Taken + Already + Empty + len(Refused).
type Imported struct {
	Rows    int       `json:"rows"`
	Taken   int       `json:"taken"`   // decisions that are new
	Already int       `json:"already"` // that stood as they are
	Empty   int       `json:"empty"`   // rows without a decision
	Refused []Refused `json:"refused"`
}

// Refused is a row that was not taken.
type Refused struct {
	Line   int    `json:"line"` // in the file, from 1
	Code   string `json:"code"`
	Reason string `json:"reason"`
	Hint   string `json:"hint"`
}

// Import takes decisions from a sheet, those that are right in one commit. The same sheet again changes nothing.
func (d *Desk) Import(ctx context.Context, sheet io.Reader, by Author) (out Imported, err error) {
	if err := CheckWho(by.By); err != nil {
		return out, err
	}
	rows, err := clerical.ReadSheet(sheet)
	if err != nil {
		return out, err
	}
	out.Rows, out.Refused = len(rows), []Refused{}
	b := batch{d: d, by: by}
	for _, r := range rows {
		wrong := r.Fault
		switch {
		case wrong != nil:
		case r.Verdict == "":
			out.Empty++
		case !d.has(r.Pair):
			wrong = errNoPair
		default:
			var fresh bool
			if fresh, wrong = b.take(r.Pair, r.Verdict, r.Reason); fresh {
				out.Taken++
			} else if wrong == nil {
				out.Already++
			}
		}
		if wrong != nil {
			out.Refused = append(out.Refused, Refused{r.Line, wrong.Code, wrong.Message, wrong.Hint})
		}
	}
	return out, b.commit(ctx)
}

// has tells whether the resolver knows both records of a pair.
func (d *Desk) has(p clerical.Pair) bool {
	if _, ok := d.listed[p]; ok {
		return true
	}
	keys := d.know().keys
	_, okA := keys[p.A]
	_, okB := keys[p.B]
	return okA && okB
}
