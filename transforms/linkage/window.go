package linkage

// Rows are some rows of the records to be linked.
type Rows interface {
	Len() int
	// Cells gives the cells of a column, from a row on as many as there is room for. They are read during [Table.Append]
	// only; an empty one is no value.
	Cells(column, from int, cells [][]byte)
}

// windowRows is how many rows are read at a time: so few that what is made of them stays near the processor.
const windowRows = 4096

// window is some rows, column by column: their cells, and a hash of each, by which it is looked up and records are ordered.
type window struct {
	n       int
	columns []int // that say something
	cells   [][][]byte
	hashes  [][]uint64
}

func newWindow(fields []Field) window {
	w := window{cells: make([][][]byte, len(fields)), hashes: make([][]uint64, len(fields))}
	for i, f := range fields {
		if f.Kind != Ignored {
			w.columns = append(w.columns, i)
		}
	}
	return w
}

// show moves the window to the rows from one on.
func (w *window) show(r Rows, from int) {
	w.n = min(windowRows, r.Len()-from)
	parallel(len(w.columns), func(i int) {
		c := w.columns[i]
		if cap(w.cells[c]) < w.n {
			w.cells[c], w.hashes[c] = make([][]byte, w.n), make([]uint64, w.n)
		}
		cells, hashes := w.cells[c][:w.n], w.hashes[c][:w.n]
		w.cells[c], w.hashes[c] = cells, hashes
		r.Cells(c, from, cells)
		for k, cell := range cells {
			hashes[k] = hash64(cell)
		}
	})
}

// read brings rows into the columns. Those that do not depend on each other are read side by side.
func (t *Table) read(r Rows) {
	for from := 0; from < r.Len(); from += windowRows {
		t.window.show(r, from)
		parallel(len(t.loaders), func(i int) { t.loaders[i](&t.window) })
	}
	for _, cells := range t.window.cells {
		clear(cells) // who gave them may forget them
	}
}
