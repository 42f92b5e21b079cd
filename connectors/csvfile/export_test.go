package csvfile

// OneByOne lets the reader take no rows in blocks: each goes the general way.
func (r *Reader) OneByOne() { r.blocks = false }
