package vault

import (
	"encoding/binary"

	"uoma/internal/fault"
)

// Fact is one identifying value with the column of the canonical table it came from.
type Fact struct {
	Table  string
	Seq    int // as in the register: which of several rows that one source row gave
	Column string
	Value  string
}

// String hides the value from every print verb.
func (Fact) String() string { return "[fact]" }

// GoString hides the value from %#v.
func (Fact) GoString() string { return "[fact]" }

// Format of a group's plain bytes: the version, the number of facts, then for each its table ("" when it is that of the
// fact before), seq, column and value. Numbers are unsigned varints, texts have their length before them. The order of
// the facts is the caller's.
const factsVersion = 1

func appendFacts(b []byte, facts []Fact) []byte {
	b = append(b, factsVersion)
	b = binary.AppendUvarint(b, uint64(len(facts)))
	table := ""
	for i := range facts {
		f := &facts[i]
		same := f.Table
		if same == table {
			same = ""
		}
		table = f.Table
		b = appendText(b, same)
		b = binary.AppendUvarint(b, uint64(f.Seq))
		b = appendText(b, f.Column)
		b = appendText(b, f.Value)
	}
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

var errFacts = fault.New("UOMA-VLT-FORMAT", "the vault holds a cell of another format", "run the release that wrote it, or a later one")

// minFact is the size of the smallest encoded fact, which bounds a count before memory is taken for it.
const minFact = 4

func parseFacts(b []byte) ([]Fact, error) {
	if len(b) == 0 || b[0] != factsVersion {
		return nil, errFacts
	}
	p := parser{b: b[1:]}
	n := p.number()
	if n > uint64(len(p.b)/minFact) {
		return nil, errFacts
	}
	facts := make([]Fact, n)
	table := ""
	for i := range facts {
		if t := p.text(); t != "" {
			table = t
		}
		facts[i] = Fact{Table: table, Seq: int(p.number()), Column: p.text(), Value: p.text()}
	}
	if p.bad || len(p.b) != 0 {
		return nil, errFacts
	}
	return facts, nil
}

// parser takes values off the front; after the first that is not there it is bad and gives zeros.
type parser struct {
	b   []byte
	bad bool
}

func (p *parser) number() uint64 {
	n, size := binary.Uvarint(p.b)
	if size <= 0 || n > 1<<31 {
		p.bad, p.b = true, nil
		return 0
	}
	p.b = p.b[size:]
	return n
}

func (p *parser) text() string {
	n := p.number()
	if n > uint64(len(p.b)) {
		p.bad, p.b = true, nil
		return ""
	}
	s := string(p.b[:n])
	p.b = p.b[n:]
	return s
}
