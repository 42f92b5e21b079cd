package nightly_test

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"uoma/internal/canon"
)

// damage is one way in which an export goes wrong. lines are those of the rows, without header and trailer; the text is
// the whole file.
type damage struct {
	name  string
	lines func(t *rapid.T, lines [][]byte) [][]byte
	text  func(t *rapid.T, text []byte) []byte
}

var damages = []damage{
	{name: "nothing"},
	{name: "flip bytes", text: flipBytes},
	{name: "truncate", text: func(t *rapid.T, b []byte) []byte { return b[:at(t, len(b)+1, "length")] }},
	{name: "empty", text: func(*rapid.T, []byte) []byte { return nil }},
	{name: "other delimiter", text: func(t *rapid.T, b []byte) []byte {
		return bytes.ReplaceAll(b, []byte{rapid.SampledFrom([]byte(";,")).Draw(t, "from")}, []byte{rapid.SampledFrom([]byte("\t|;,")).Draw(t, "to")})
	}},
	{name: "one line more", text: func(_ *rapid.T, b []byte) []byte { return append(b, "\r\n"...) }},
	{name: "quote at random", text: func(t *rapid.T, b []byte) []byte {
		return slices.Insert(b, at(t, len(b)+1, "place"), '"')
	}},
	{name: "cut rows", lines: func(t *rapid.T, l [][]byte) [][]byte {
		from := at(t, len(l)+1, "from")
		return slices.Delete(l, from, min(len(l), from+at(t, 6, "rows")))
	}},
	{name: "repeat rows", lines: eachOf(func(t *rapid.T, l [][]byte, i int) [][]byte { return append(l, l[i]) })},
	{name: "same key, other values", lines: eachOf(func(t *rapid.T, l [][]byte, i int) [][]byte {
		return append(l, bytes.Replace(l[i], []byte("a"), []byte("e"), 1))
	})},
	{name: "other key", lines: eachOf(func(t *rapid.T, l [][]byte, i int) [][]byte {
		l[i] = bytes.Map(func(r rune) rune {
			if r >= '0' && r <= '8' {
				return r + 1
			}
			return r
		}, l[i])
		return l
	})},
	{name: "fields too many", lines: eachOf(func(t *rapid.T, l [][]byte, i int) [][]byte {
		l[i] = append([]byte(";,"), l[i]...)
		return l
	})},
	{name: "fields too few", lines: eachOf(func(t *rapid.T, l [][]byte, i int) [][]byte {
		l[i] = append(bytes.Clone(l[i][:bytes.LastIndexAny(l[i], ";,")+1]), "\r\n"...)
		return l
	})},
	{name: "empty cells", lines: eachOf(func(t *rapid.T, l [][]byte, i int) [][]byte {
		cells := bytes.Split(l[i], []byte(";"))
		cells[at(t, len(cells), "cell")] = nil
		l[i] = bytes.Join(cells, []byte(";"))
		return l
	})},
	{name: "cells changed places", lines: eachOf(func(t *rapid.T, l [][]byte, i int) [][]byte {
		cells := bytes.Split(bytes.TrimRight(l[i], "\r\n"), []byte(";"))
		a, b := at(t, len(cells), "a"), at(t, len(cells), "b")
		cells[a], cells[b] = cells[b], cells[a]
		l[i] = append(bytes.Join(cells, []byte(";")), "\r\n"...)
		return l
	})},
	{name: "shuffle", lines: func(t *rapid.T, l [][]byte) [][]byte { return rapid.Permutation(l).Draw(t, "order") }},
	{name: "an extra column", text: func(t *rapid.T, b []byte) []byte {
		lines := bytes.SplitAfter(b, []byte("\n"))
		for i, l := range lines {
			if end := bytes.TrimRight(l, "\r\n"); len(end) > 0 {
				lines[i] = slices.Concat(end, []byte(";x,x"), l[len(end):])
			}
		}
		return bytes.Join(lines, nil)
	}},
}

func at(t *rapid.T, n int, what string) int { return rapid.IntRange(0, max(n-1, 0)).Draw(t, what) }

// eachOf damages a few rows.
func eachOf(f func(t *rapid.T, l [][]byte, i int) [][]byte) func(*rapid.T, [][]byte) [][]byte {
	return func(t *rapid.T, l [][]byte) [][]byte {
		for range rapid.IntRange(1, 4).Draw(t, "rows") {
			if len(l) > 0 {
				l = f(t, l, at(t, len(l), "row"))
			}
		}
		return l
	}
}

func flipBytes(t *rapid.T, b []byte) []byte {
	for range rapid.IntRange(1, 8).Draw(t, "bytes") {
		if len(b) > 0 {
			b[at(t, len(b), "place")] = rapid.Byte().Draw(t, "value")
		}
	}
	return b
}

// apply damages the text of a delimited export.
func (d damage) apply(t *rapid.T, pattern string, text []byte) []byte {
	if d.lines != nil {
		lines := bytes.SplitAfter(text, []byte("\n"))
		from, to := frame(pattern, lines)
		if from > to {
			return text
		}
		rows := d.lines(t, slices.Clone(lines[from:to]))
		text = bytes.Join(slices.Concat(lines[:from], rows, lines[to:]), nil)
	}
	if d.text != nil {
		text = d.text(t, bytes.Clone(text))
	}
	return text
}

// mangle damages some exports of a night and tells what was done.
func (s site) mangle(t *rapid.T, tb testing.TB, night canon.Date) []string {
	var done []string
	for _, pattern := range append(slices.Clone(csvFiles), registerFile, projectFile, projectStaff) {
		d := rapid.SampledFrom(damages).Draw(t, "damage of "+pattern)
		path := s.export(pattern, night)
		text, err := os.ReadFile(path)
		if err != nil {
			tb.Fatal(err)
		}
		switch {
		case strings.HasSuffix(path, ".csv"):
			text = d.apply(t, pattern, text)
		case pattern == registerFile && d.lines != nil:
			text = inArchive(t, tb, d, text)
		case d.text != nil:
			text = d.text(t, text)
		}
		write(tb, path, text)
		done = append(done, pattern+": "+d.name)
	}
	return done
}

// inArchive damages one file of the student register's archive; the manifest tells the truth about it, or still speaks of
// the file before.
func inArchive(t *rapid.T, tb testing.TB, d damage, archive []byte) []byte {
	return rewritten(tb, archive, func(members map[string][]byte, names []string) {
		name := rapid.SampledFrom(names).Draw(t, "member")
		members[name] = d.apply(t, registerFile, members[name])
		if rapid.Bool().Draw(t, "manifest knows") {
			members["manifest.json"] = manifest(tb, members["manifest.json"], name, members[name])
		}
	})
}
