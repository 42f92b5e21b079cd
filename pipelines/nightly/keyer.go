package nightly

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

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
	buf    []byte
}

func (k *keyer) rows(b *canon.Batch) ([][]byte, []snapshot.Hash) {
	n := b.Len()
	k.arena, k.keys, k.hashes = k.arena[:0], k.keys[:0], k.hashes[:0]
	at := make([]int, n+1)
	for i := range n {
		k.arena, _ = k.c.Key(b, i, k.arena)
		at[i+1] = len(k.arena)
		k.hashes = append(k.hashes, k.hash(b, i))
	}
	for i := range n {
		k.keys = append(k.keys, k.arena[at[i]:at[i+1]])
	}
	return k.keys, k.hashes
}

// hash gives the first 128 bits of SHA-256 over the row's cells, each with its length and its kind, and not over its line:
// a row that moved is the same row.
func (k *keyer) hash(b *canon.Batch, i int) snapshot.Hash {
	k.buf = k.buf[:0]
	for c := canon.RawKinds; c < len(b.Table.Columns); c++ {
		col := b.Col(c)
		if col.Null(i) {
			k.buf = append(k.buf, 0)
			continue
		}
		v := col.Bytes(i)
		k.buf = binary.AppendUvarint(k.buf, uint64(len(v))+1)
		k.buf = append(k.buf, v...)
	}
	sum := sha256.Sum256(k.buf)
	return snapshot.Hash(sum[:snapshot.HashSize])
}
