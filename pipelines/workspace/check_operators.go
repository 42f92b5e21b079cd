package workspace

import (
	"context"

	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/transforms/access"
)

var (
	errNobody     = fault.New("UOMA-CHK-OPERATORS", "no file names the operators, so whoever can open the workspace may do everything", "write operators.yaml, as docs/operator.md says, and name it in uoma.yaml; a workspace of one person or a demo may go without")
	errReady      = fault.New("UOMA-CHK-OPERATOR", "the operator may do nothing today: the commitment to secrecy or training that counts is missing", "enter both in operators.yaml when they are there, or take the operator out")
	errTrainingIn = fault.New("UOMA-CHK-TRAINING", "the operator's training ends within 30 days", "train the operator again")
	errDutyOver   = fault.New("UOMA-CHK-DUTY", "no role of the operator is held today", "take the operator out of operators.yaml, or enter the new duty")
)

// trainingWarns is how many days before an operator's training ends a person is told.
const trainingWarns = 30

// network asks whether the machine is where the settings want it.
func (c *checker) network(context.Context) { c.add(Error, c.w.Settings.Network.check(c.w.Source)) }

// operators asks whether everybody is named and ready, and whether each processor is bound to secrecy.
func (c *checker) operators(context.Context) {
	var err error
	if c.w.Operators, err = c.w.Settings.readOperators(c.dir, c.w.Source); err != nil {
		c.add(Error, err)
		return
	}
	if c.w.Operators == nil {
		c.add(Warning, errNobody)
		return
	}
	today := canon.DateOf(c.o.Now.In(c.w.Settings.Location))
	for i := range c.w.Operators.List {
		c.operator(&c.w.Operators.List[i], today)
	}
	pack, err := c.w.Policy(today)
	if err != nil {
		return // told among the documents
	}
	for _, d := range pack.Disclosures {
		c.add(Error, c.w.Bound(pack, d.Recipient, today))
	}
}

func (c *checker) operator(x *access.Operator, today canon.Date) {
	switch {
	case !x.Ready(today):
		c.add(Warning, errReady.At(x.Place()))
	case !x.OnDuty(today):
		c.add(Warning, errDutyOver.At(x.Place()))
	case !x.Ready(today + trainingWarns):
		c.add(Warning, errTrainingIn.At(x.Place()))
	}
}
