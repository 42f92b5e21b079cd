package canon

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// Codes are an Arrow column of codes: each row is an entry of a dictionary that its reader keeps.
type Codes struct{ a *array.Uint32 }

// CodesOf makes a column of codes, which shares their memory.
func CodesOf(codes []uint32) Codes {
	cells := memory.NewBufferBytes(arrow.Uint32Traits.CastToBytes(codes))
	return Codes{array.NewUint32Data(array.NewData(arrow.PrimitiveTypes.Uint32, len(codes), []*memory.Buffer{nil, cells}, nil, 0, 0))}
}

// At gives the code of row i.
func (c Codes) At(i int) uint32 { return c.a.Value(i) }

// All gives the codes of all rows, to be read alone.
func (c Codes) All() []uint32 { return c.a.Uint32Values() }
