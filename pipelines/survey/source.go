package survey

import (
	"context"
	"errors"
	"iter"

	"uoma/connectors/outbox"
	"uoma/connectors/parcel"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/delivery"
	"uoma/transforms/extract"
)

// source gives a delivery its rows. It remembers the last choice, so that what was just selected is not read again to be
// sealed.
type source struct {
	s    *Survey
	r    *pipelines.Run
	last *choice
}

var _ delivery.Source = (*source)(nil)

// errChosen ends sealing when the people chosen now are not those that the delivery was prepared for.
var errChosen = errors.New("the choice is another than the prepared one")

// Select implements [delivery.Source]. Where the pack has no basis for anybody it refuses. It alone does: what was sealed before
// the pack said so is found changed, and taken back.
func (c *source) Select(ctx context.Context, o delivery.Order) (delivery.Selection, error) {
	if c.s.decider(AsOf(c.r)).closed {
		return delivery.Selection{}, errBasis.At(fault.Place{Field: c.s.terms.Recipient + "/" + c.s.terms.Purpose})
	}
	if err := c.choose(ctx, o.From.Year()); err != nil {
		return delivery.Selection{}, err
	}
	return delivery.Selection{
		RegisterCommit: c.last.gate.Run, ConsentCutAt: c.last.cut, Digest: c.last.digest,
		QualityVerdict: c.last.verdict, QualitySHA256: parcel.SHA256Hex(c.last.quality),
	}, nil
}

// Contents implements [delivery.Source].
func (c *source) Contents(ctx context.Context, d outbox.Delivery) (*parcel.Contents, error) {
	if c.last == nil || c.last.digest != d.SelectionDigest {
		if err := c.choose(ctx, d.From.Year()); err != nil {
			return nil, err
		}
	}
	if c.last.digest != d.SelectionDigest {
		return nil, delivery.ErrConsentChanged.Wrap(errChosen)
	}
	return c.s.contents(c.last), nil
}

// Changed implements [delivery.Source]. Anything that would make the rows others counts, not words alone: what goes out
// is what the register says now.
func (c *source) Changed(ctx context.Context, d outbox.Delivery) (bool, error) {
	if err := c.choose(ctx, d.From.Year()); err != nil {
		return false, err
	}
	return c.last.digest != d.SelectionDigest, nil
}

// errBasis: an empty delivery would tell its recipient that there is nobody, where nobody was asked about.
var errBasis = fault.New("UOMA-SVY-BASIS", "the policy lets nobody's data go to this recipient for this purpose, so nothing is sealed",
	"uoma policy show lists the disclosures; a dry run counts who is left out under which clause")

func (c *source) choose(ctx context.Context, year int) (err error) {
	c.last, err = c.s.choose(ctx, c.r, year)
	return err
}

// contents puts a choice into the form of the archive.
func (s *Survey) contents(c *choice) *parcel.Contents {
	withheld := map[string]int64{}
	for _, w := range c.extract.Withheld {
		withheld[string(w.Reason)] += w.N
	}
	for reason, n := range withheld {
		withheld[reason] = round(n)
	}
	return &parcel.Contents{
		PseudonymDomain: s.domain(), PseudonymEpoch: s.epoch(), Format: s.terms.Format, Suppressed: withheld, Quality: c.quality,
		Tables: []parcel.Table{{Name: extract.Table, Schema: extract.Schema(), Parts: parts(c.extract, s.terms.Format)}},
	}
}

// round gives the nearest multiple of 5: a count of few people that leaves the house must not point at one of them.
func round(n int64) int64 { return (n + 2) / 5 * 5 }

func parts(x *extract.Extract, format string) iter.Seq2[parcel.Part, error] {
	return func(yield func(parcel.Part, error) bool) {
		for p, err := range x.Parts(format) {
			if !yield(parcel.Part{Data: p.Data, Rows: p.Rows}, err) {
				return
			}
		}
	}
}
