package dataverse

import "uoma/internal/fault"

var (
	errTable = fault.New("UOMA-CRM-TABLE", "the table cannot be written as it is described",
		"compare the set, the alternate key and the columns with the table's own definition in Dataverse")
	errCell = fault.New("UOMA-CRM-CELL", "a value cannot be written into its column",
		"compare the column's kind with the table's own definition, and its codes with the choice's numbers")
	errTwice = fault.New("UOMA-CRM-TWICE", "two rows to be written are one row of the table",
		"choose an alternate key that tells the rows apart")
	errFew = fault.New("UOMA-CRM-FEW", "too many of the rows that were sent before are no longer to be sent, so none of them was cleared",
		"find out why; if it is right, allow it for one run")
)
