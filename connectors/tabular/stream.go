package tabular

import (
	"context"
	"io"

	"uoma/internal/canon"
)

// Reader is what every format of rows offers.
type Reader interface {
	// Batches gives the rows; the package's comment has its contract. It may be ranged over once.
	Batches(ctx context.Context) canon.Batches
	// Summary is complete when the stream has ended.
	Summary() Summary
}

// Stream asks next for one row after the other, each of which it adds to the assembler itself, until it answers
// [io.EOF] or another error. next calls [Assembler.End] before io.EOF.
func Stream(ctx context.Context, a *Assembler, next func() error) canon.Batches {
	return func(yield func(*canon.Batch, error) bool) {
		for {
			if err := ctx.Err(); err != nil {
				yield(nil, err)
				return
			}
			err := fill(a, next)
			if a.Len() > 0 && !yield(a.Flush(), nil) {
				return
			}
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// fill adds rows until a batch is full, and comes back now and then from an export that has no good row.
func fill(a *Assembler, next func() error) error {
	const patience = 8 * canon.BatchRows
	for n := 0; !a.Full() && n < patience; n++ {
		if err := next(); err != nil {
			return err
		}
	}
	return nil
}

// Once lets an export be read once.
type Once struct {
	Err  error // what is wrong with the options: it comes whenever rows are asked for
	done bool
}

// Stream is [Stream] behind begin, the first time that it is ranged over; later there are no rows.
func (o *Once) Stream(ctx context.Context, a *Assembler, begin, next func() error) canon.Batches {
	return func(yield func(*canon.Batch, error) bool) {
		if o.Err != nil {
			yield(nil, o.Err)
			return
		}
		if o.done {
			return
		}
		o.done = true
		if err := begin(); err != nil {
			yield(nil, err)
			return
		}
		Stream(ctx, a, next)(yield)
	}
}
