package workspace

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"uoma/connectors/database"
	"uoma/connectors/ledger"
	"uoma/connectors/register"
	"uoma/internal/fault"
)

// Kept gives the tables of the register's store whose rows nobody changes.
func Kept() []database.Kept { return slices.Concat(ledger.Kept(), register.Kept()) }

var errGrants = fault.New("UOMA-CHK-GRANTS", "the database account may change books to which lines are only added", "give it the grants that uoma audit grants prints")

// grants asks a server whether the account may do more to the books than add lines.
func (c *checker) grants(ctx context.Context) {
	if c.register == nil {
		return
	}
	var may []string
	for _, k := range Kept() {
		verbs, err := c.register.May(ctx, k)
		if err != nil {
			c.add(Error, err)
			return
		}
		if len(verbs) > 0 {
			may = append(may, fmt.Sprint(k.Table, ": ", strings.Join(verbs, " and ")))
		}
	}
	if len(may) > 0 {
		c.add(Note, errGrants.At(fault.Place{Field: strings.Join(may, ", ")}))
	}
}
