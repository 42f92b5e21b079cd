package policy

import (
	"fmt"
	"slices"
)

// Change says who is told when another version of the notice takes effect, and by which channels: one of them is enough.
type Change struct {
	ID       string   `yaml:"id"`
	Audience string   `yaml:"audience"` // the register whose people are told
	Channels []string `yaml:"channels"`
	Entry    `yaml:",inline"`
}

func (c *checker) checkChanges() {
	seen := map[string]bool{}
	for i := range c.pack.Changes {
		x := &c.pack.Changes[i]
		if seen[x.Audience] {
			c.find(errTwice, x.Audience, "changes", index(i), "audience")
		}
		seen[x.Audience] = true
		if !slices.ContainsFunc(c.pack.Registers, func(r Register) bool { return r.ID == x.Audience }) {
			c.find(errReference, fmt.Sprintf("no register %s", x.Audience), "changes", index(i), "audience")
		}
	}
}
