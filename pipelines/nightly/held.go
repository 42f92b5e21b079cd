package nightly

import (
	"context"
	"slices"
	"strings"

	"uoma/connectors/ledger"
	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/rights"
	"uoma/pipelines/workspace"
	"uoma/transforms/policy"
)

var (
	errHeld = fault.New("UOMA-ERA-HELD", "a hold or a restriction is on the person, and stands before an erasure",
		"uoma subject words says which; lift it when its ground is gone")
	errHeldSince = fault.New("UOMA-ERA-HELD-SINCE", "a hold was written on somebody of whom the night was about to let data go, so nothing was loaded",
		"run the night again: it heeds the hold")
)

// keeping is what keeps data from being erased: a hold that was set by hand, a recording that is held for a case, and a
// restriction, which lets data be stored and no more.
type keeping struct {
	words   *rights.Words
	day     canon.Date
	instant int64
	view    *register.View
}

// keeping reads the words of a view. Where something is erased by what it says, the view is of the erasing transaction, and
// that holds [ledger.LockErasures].
func (n *Night) keeping(ctx context.Context, r *pipelines.Run, v *register.View) (*keeping, error) {
	words, err := rights.ReadWords(ctx, v)
	now := r.Now()
	return &keeping{words, canon.DateOf(now.In(n.ws.Settings.Location)), now.UnixMicro(), v}, err
}

// why says what keeps the data of some records, "" when nothing does.
func (k *keeping) why(ctx context.Context, records []string) (string, error) {
	if len(records) == 0 {
		return "", nil
	}
	for b, err := range k.view.Read(ctx, "recording", []string{"hold"}, register.All, register.Condition{Columns: []string{"record"}, Values: records}) {
		if err != nil {
			return "", err
		}
		for i := range b.Len() {
			if b.Col(0).Bool(i) {
				return "a recording of the person is held for a case", nil
			}
		}
	}
	var f policy.Facts
	k.words.Tell(&f, records, k.day, k.instant)
	switch {
	case len(f.Holds) > 0:
		return "holds: " + strings.Join(f.Holds, ", "), nil
	case f.Restricted:
		return "a restriction", nil
	}
	return "", nil
}

// heedHolds finds, of people who turned out to be erased, those of whom data is stored that something keeps: it stays as it is
// until that is lifted, and nothing else of them comes in.
func (s *standings) heedHolds(ctx context.Context, n *Night, r *pipelines.Run) error {
	s.spared, s.sparedOf = map[string]bool{}, map[string]bool{}
	before := s.storedBefore()
	if len(before) == 0 {
		return nil
	}
	return n.ws.Register.See(ctx, func(v *register.View) error {
		k, err := n.keeping(ctx, r, v)
		if err != nil {
			return err
		}
		return n.eachHeld(ctx, k, before, func(subject string, records []string) error {
			s.sparedOf[subject] = true
			for _, record := range records {
				s.spared[record] = true
			}
			return nil
		})
	})
}

// eachHeld calls found with each subject of whom something keeps the data that is stored, and the records of that data.
func (n *Night) eachHeld(ctx context.Context, k *keeping, before map[string][]string, found func(subject string, records []string) error) error {
	for _, subject := range sortedKeys(before) {
		records, err := n.storedOf(ctx, k.view, before[subject])
		if err != nil {
			return err
		}
		why, err := k.why(ctx, records)
		if err != nil {
			return err
		}
		if why == "" {
			continue
		}
		if err := found(subject, records); err != nil {
			return err
		}
	}
	return nil
}

// storedBefore gives the subjects that turned out to be erased tonight, with who their records were of last night.
func (s *standings) storedBefore() map[string][]string {
	out := map[string][]string{}
	for i := range s.resolved.Records {
		if x := &s.resolved.Records[i]; x.Before != "" && s.suppressed[x.Subject] != "" && !slices.Contains(out[x.Subject], x.Before) {
			out[x.Subject] = append(out[x.Subject], x.Before)
		}
	}
	return out
}

// storedOf gives the records that the register has of some subjects.
func (n *Night) storedOf(ctx context.Context, v *register.View, subjects []string) (records []string, err error) {
	persons := n.ws.Persons()
	for _, subject := range subjects {
		own, shared, err := v.OwnAndShared(ctx, workspace.PersonOf(persons, subject))
		if err != nil {
			return nil, err
		}
		records = slices.Concat(records, own, shared)
	}
	return records, nil
}

// lockHolds takes care, in the night's transaction, that nobody writes a hold from here to the commit, and that nobody did
// since protect looked whom one keeps.
func (n *Night) lockHolds(ctx context.Context, r *pipelines.Run, night *register.Night) error {
	before := n.standing.storedBefore()
	if len(before) == 0 {
		return nil
	}
	if err := ledger.LockErasures(ctx, night.Tx()); err != nil {
		return err
	}
	k, err := n.keeping(ctx, r, &night.View)
	if err != nil {
		return err
	}
	return n.eachHeld(ctx, k, before, func(subject string, _ []string) error {
		if !n.standing.sparedOf[subject] {
			return errHeldSince
		}
		return nil
	})
}

// stays tells whether anything of a subject may be in the register. Without standings everything may.
func (s *standings) stays(subject string) bool {
	return s == nil || s.suppressed[subject] == "" || s.sparedOf[subject]
}

// keptRecord tells whether anything of a subject's record may be in the register, by the record's token.
func (n *Night) keptRecord(subject, record string) bool {
	return n.standing.suppressed[subject] == "" || n.standing.spared[record]
}

// mayRemember tells whether anything of a subject's record may be written down for the next night.
func (n *Night) mayRemember(subject, system, personKey string) bool {
	return n.standing == nil || n.standing.erased(subject, system, personKey) == ""
}
