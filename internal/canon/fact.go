package canon

// Fact is one identifying value of a source row, on its way to the vault or back.
type Fact struct {
	Table  string
	Seq    int
	Column string
	Value  string // canonical text, as [Col.AppendTo] writes it
}
