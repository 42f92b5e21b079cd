package workspace

import (
	"context"
	"slices"

	"uoma/connectors/ledger"
	"uoma/connectors/register"
	"uoma/internal/fault"
	"uoma/transforms/layout"
)

// nightlyName is the pipeline that loads the register.
const nightlyName = "nightly"

var errUnread = fault.New("UOMA-CHK-UNREAD", "a feed is read no more, and rows of it are in the register: nothing tells any night that they are gone",
	"name its system under systems: again, or let the nights read exports without rows first, so that retention counts from then")

// Unread gives, of the feeds that the register was loaded from by their watermarks, those that no layout reads and of which
// it has rows that count as exported.
func Unread(ctx context.Context, marks []ledger.Watermark, v *register.View, layouts []*layout.Layout) ([]string, error) {
	read := map[string]bool{}
	for _, l := range layouts {
		for i := range l.Feeds {
			read[l.Feeds[i].FullName()] = true
		}
	}
	var feeds []string
	for _, m := range marks {
		if !read[m.Feed] {
			feeds = append(feeds, m.Feed)
		}
	}
	current, err := v.CurrentOf(ctx, feeds)
	return slices.DeleteFunc(feeds, func(f string) bool { return !current[f] }), err
}

// unread warns of rows whose feed is read no more.
func (c *checker) unread(ctx context.Context) {
	if c.register == nil || len(c.layouts) == 0 {
		return
	}
	marks, err := ledger.Watermarks(ctx, c.register, nightlyName) // before the view: a check has one connection to a server
	if err != nil {
		c.add(Error, err)
		return
	}
	var feeds []string
	err = register.New(c.register).See(ctx, func(v *register.View) (err error) {
		feeds, err = Unread(ctx, marks, v, c.layouts)
		return err
	})
	if err != nil {
		c.add(Error, err)
	}
	for _, f := range feeds {
		c.add(Warning, errUnread.At(fault.Place{Field: f}))
	}
}
