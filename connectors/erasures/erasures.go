// Package erasures keeps the book of who was erased and of what was said by hand, in a file of its own, so that a backup of the
// stores that is put back brings nobody back and forgets no objection: what the book has and a store has not is done again.
//
// The book is a text of one JSON object a line, [Entry], in the order in which people were erased and words were written down.
// It names nobody but who wrote a word down: marks, records and persons are keyed tokens. Each line carries an HMAC-SHA-256 of
// itself and of the line before, so that a line that was changed or taken out shows, and a store that keeps the number and the
// chain of the last line that it heeded ([Head]) shows a book whose end was cut off. A line is on disk before anything is
// erased, and before a word is in the register.
//
// The package knows tokens and lines; it knows no store and erases nothing.
package erasures

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"uoma/internal/durable"
	"uoma/internal/fault"
)

var (
	errRead = fault.New("UOMA-ERA-READ", "the book of erasures cannot be read or written", "check the file's owner and mode 0600, and the free space")
	errBook = fault.New("UOMA-ERA-BOOK", "the book of erasures was changed by somebody else",
		"bring back the file as it was; without it people who were erased may return")
)

// Mark is a keyed token of what a person is known again by.
type Mark struct {
	Kind  string `json:"kind"`
	Token string `json:"token"`
}

// Word is something that was said by hand of the use of somebody's data.
type Word struct {
	ID          string `json:"id"`
	Kind        string `json:"kind"`
	About       string `json:"about,omitempty"`
	Topic       string `json:"topic,omitempty"`
	Channel     string `json:"channel,omitempty"`
	State       string `json:"state"`
	At          int64  `json:"said_at"` // microseconds since 1970 UTC
	Until       string `json:"until,omitempty"`
	Via         string `json:"via,omitempty"`
	TextVersion string `json:"text_version,omitempty"`
	TextDigest  string `json:"text_digest,omitempty"`
	NotedAt     int64  `json:"noted_at"`
	NotedBy     string `json:"noted_by"`
	Request     string `json:"request,omitempty"`
}

// Entry is one erasure, or one word.
type Entry struct {
	Number  int64    `json:"number"` // 1 and up, without gaps
	Run     string   `json:"run"`
	Clause  string   `json:"clause"`
	Subject string   `json:"subject"` // of the vault
	Person  string   `json:"person"`  // of the register
	Records []string `json:"records"`
	Marks   []Mark   `json:"marks"`
	Word    *Word    `json:"word,omitempty"`  // then it is no erasure
	Bound   []string `json:"bound,omitempty"` // records that the word is bound to
	Chain   string   `json:"chain"`
}

// Erases tells whether it is of an erasure.
func (e Entry) Erases() bool { return e.Word == nil }

// Head is how far a store has heeded the book; the zero value has heeded nothing.
type Head struct {
	Number int64  `db:"number"`
	Chain  string `db:"chain"`
}

// Book is the open book. It is for one goroutine.
type Book struct {
	path    string
	key     []byte
	there   bool // the file exists
	size    int64
	entries []Entry // as they stand in the book

	inner, outer func(Entry) Entry
}

// Through tells the book how the tokens of the stores become those that it keeps, and back. Keys of the stores' tokens are
// replaced and the book is never rewritten, so it has what stays.
func (b *Book) Through(inner, outer func(Entry) Entry) { b.inner, b.outer = inner, outer }

// Open reads the book and proves every line. A missing file is an empty book: [Book.Exists] tells.
func Open(path string, key []byte) (*Book, error) {
	same := func(e Entry) Entry { return e }
	b := &Book{path: path, key: key, inner: same, outer: same}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return b, nil
	}
	if err != nil {
		return nil, errRead.At(fault.Place{File: path}).Because(errors.Unwrap(err))
	}
	b.there = true
	in := bufio.NewReader(bytes.NewReader(text))
	for {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return b, nil // what stands behind the last end of a line was cut short, and nothing was done by it
		}
		var e Entry
		if json.Unmarshal(line, &e) != nil || e.Number != int64(len(b.entries))+1 || !hmac.Equal([]byte(e.Chain), []byte(b.chain(e))) {
			return nil, errBook.At(fault.Place{File: path, Line: len(b.entries) + 1})
		}
		b.entries = append(b.entries, e)
		b.size += int64(len(line))
	}
}

// chain gives an entry's link to the one before it.
func (b *Book) chain(e Entry) string {
	e.Chain = ""
	if n := len(b.entries); n > 0 {
		e.Chain = b.entries[n-1].Chain
	}
	text, _ := json.Marshal(e) // text and numbers always marshal
	mac := hmac.New(sha256.New, b.key)
	mac.Write(text)
	return hex.EncodeToString(mac.Sum(nil))
}

// Exists tells whether the file was there.
func (b *Book) Exists() bool { return b.there }

// Words gives the ids of the words that stand in the book.
func (b *Book) Words() map[string]bool {
	out := map[string]bool{}
	for _, e := range b.entries {
		if !e.Erases() {
			out[e.Word.ID] = true
		}
	}
	return out
}

// Head gives the end of the book.
func (b *Book) Head() Head {
	if len(b.entries) == 0 {
		return Head{}
	}
	last := b.entries[len(b.entries)-1]
	return Head{last.Number, last.Chain}
}

// Has tells whether the book goes at least as far as a head, and had the same line there.
func (b *Book) Has(h Head) bool {
	return h.Number == 0 || h.Number <= int64(len(b.entries)) && b.entries[h.Number-1].Chain == h.Chain
}

// After gives the entries behind a head.
func (b *Book) After(h Head) []Entry {
	out := make([]Entry, 0, len(b.entries)-int(h.Number))
	for _, e := range b.entries[h.Number:] {
		out = append(out, b.outer(e))
	}
	return out
}

// Of gives the entry of a subject who was erased.
func (b *Book) Of(subject string) (Entry, bool) {
	for _, e := range b.entries {
		if e.Erases() && e.Subject == subject {
			return b.outer(e), true
		}
	}
	return Entry{}, false
}

// OfRecord gives the latest entry of an erasure that had a record, by the record's token.
func (b *Book) OfRecord(record string) (Entry, bool) {
	kept := b.inner(Entry{Records: []string{record}}).Records[0]
	for _, e := range slices.Backward(b.entries) {
		if slices.Contains(e.Records, kept) {
			return b.outer(e), true
		}
	}
	return Entry{}, false
}

// OfPerson gives the latest entry of an erasure of a person, by the register's token.
func (b *Book) OfPerson(person string) (Entry, bool) {
	kept := b.inner(Entry{Person: person}).Person
	for _, e := range slices.Backward(b.entries) {
		if e.Erases() && e.Person == kept {
			return b.outer(e), true
		}
	}
	return Entry{}, false
}

// Append writes an entry behind the last one, numbers it, and returns when it is on disk.
func (b *Book) Append(e Entry) (Entry, error) {
	e = b.inner(e)
	e.Number = int64(len(b.entries)) + 1
	e.Chain = b.chain(e)
	line, err := json.Marshal(e)
	if err != nil {
		return e, err
	}
	if err := b.write(append(line, '\n')); err != nil {
		return e, errRead.At(fault.Place{File: b.path}).Because(errors.Unwrap(err))
	}
	b.entries, b.there = append(b.entries, e), true
	return b.outer(e), nil
}

func (b *Book) write(line []byte) error {
	if err := os.MkdirAll(filepath.Dir(b.path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(b.path, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Truncate(b.size); err != nil { // what was cut short goes
		return err
	}
	if _, err := f.WriteAt(line, b.size); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	b.size += int64(len(line))
	return durable.Folder(filepath.Dir(b.path))
}
