package nightly

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"

	"uoma/connectors/snapshot"
	"uoma/internal/canon"
	"uoma/transforms/conform"
)

// digestOf gives the SHA-256 of the rows of an export that has no bytes of its own.
func digestOf(rows []rowPrint) string {
	h := sha256.New()
	for i := range rows {
		h.Write(rows[i].id[:])
		h.Write(rows[i].hash[:])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// keyer gives a batch's row keys and hashes, in buffers that it uses again.
type keyer struct {
	c      *conform.Conformer
	arena  []byte
	keys   [][]byte
	hashes []snapshot.Hash
	cells  [][]byte // column by column
	buf    []byte
}

func (k *keyer) rows(b *canon.Batch) ([][]byte, []snapshot.Hash) {
	n := b.Len()
	k.arena, k.keys, k.hashes = k.arena[:0], k.keys[:0], k.hashes[:0]
	at := make([]int, n+1)
	for i := range n {
		k.arena, _ = k.c.Key(b, i, k.arena)
		at[i+1] = len(k.arena)
	}
	for i := range n {
		k.keys = append(k.keys, k.arena[at[i]:at[i+1]])
	}
	for from := 0; from < n; from += hashedAtOnce {
		k.hash(b, from, min(from+hashedAtOnce, n))
	}
	return k.keys, k.hashes
}

// hashedAtOnce is how many rows' cells are looked up at once, column by column: few enough that they stay at hand.
const hashedAtOnce = 64

// hash gives of each row the first 128 bits of SHA-256 over its cells, each with its length and its kind, and not over its
// line: a row that moved is the same row.
func (k *keyer) hash(b *canon.Batch, from, to int) {
	columns := len(b.Table.Columns) - canon.RawKinds
	k.cells = slices.Grow(k.cells[:0], columns*hashedAtOnce)[:columns*hashedAtOnce]
	for c := range columns {
		b.Col(canon.RawKinds+c).Cells(from, k.cells[c*hashedAtOnce:][:to-from])
	}
	for i := range to - from {
		k.buf = k.buf[:0]
		for c := range columns {
			v := k.cells[c*hashedAtOnce+i]
			if len(v) == 0 && b.Col(canon.RawKinds+c).Null(from+i) {
				k.buf = append(k.buf, 0)
				continue
			}
			k.buf = binary.AppendUvarint(k.buf, uint64(len(v))+1)
			k.buf = append(k.buf, v...)
		}
		sum := sha256.Sum256(k.buf)
		k.hashes = append(k.hashes, snapshot.Hash(sum[:snapshot.HashSize]))
	}
}
