package layout

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"uoma/internal/canon"
	"uoma/internal/fault"
)

// Sidecar is the small JSON object that lies beside each file of a feed and says where the file is from. A file without one is
// not read. Columns take what it says ([Column.Sidecar]).
type Sidecar struct {
	File string       `yaml:"file"` // name with {file}; {file}.meta.json when absent
	Keys []SidecarKey `yaml:"keys"` // all that it may say
}

// SidecarKey is one member of a side-car.
type SidecarKey struct {
	Name     string   `yaml:"name"`
	Required bool     `yaml:"required"`
	Only     []string `yaml:"only"` // what it may say
	As       string   `yaml:"as"`   // text (the default) or date, written YYYY-MM-DD
}

const fileMark = "{file}"

// Keys that mean something beyond the rows, and what the first may say: whether the people of the list were told of it (GDPR 14).
const (
	NoticeKey   = "art14_notice"
	ObtainedKey = "obtained_at"

	NoticeSent   = "sent"
	NoticeDue    = "due"    // a month after the list was obtained at the latest
	NoticeExempt = "exempt" // they need not be told (GDPR 14(5))
)

var errSidecar = fault.New("UOMA-LAY-SIDECAR", "the side-car and the feed's columns do not fit",
	"name {file} once in the side-car's file:, each key once, and in a column's sidecar: one of the keys; give a key that no column takes required: or only:, or drop it; let art14_notice say sent, due or exempt alone, and with due have obtained_at, required: true, as: date; read the end of a licence by formats alone; a file of fixed width, or without a header, takes none")

// SidecarName gives the name of the side-car of a file; "" where the feed has none.
func (f *Feed) SidecarName(file string) string {
	if f.Sidecar == nil {
		return ""
	}
	return strings.Replace(f.Sidecar.File, fileMark, file, 1)
}

// IsSidecar tells whether a file name is that of a side-car of the feed.
func (f *Feed) IsSidecar(name string) bool {
	if f.Sidecar == nil {
		return false
	}
	before, after, _ := strings.Cut(f.Sidecar.File, fileMark)
	name, head := strings.CutPrefix(name, before)
	name, tail := strings.CutSuffix(name, after)
	_, ok := f.Match(name)
	return head && tail && ok
}

// Wrong finds what a side-car says wrongly, or does not say: the key, and why; "" where nothing is wrong. What nobody knows
// is not told by name, as it may be anything.
func (s *Sidecar) Wrong(says map[string]string) (key, why string) {
	known := 0
	for _, k := range s.Keys {
		value, there := says[k.Name]
		known += bit(there)
		value = strings.TrimSpace(value)
		switch _, err := canon.ParseDate(value); {
		case value == "" && k.Required:
			return k.Name, "it is not there"
		case value == "":
		case len(k.Only) > 0 && !slices.Contains(k.Only, value):
			return k.Name, "it may say " + strings.Join(k.Only, ", ")
		case k.As == "date" && err != nil:
			return k.Name, "it is no date YYYY-MM-DD"
		}
	}
	if n := len(says) - known; n > 0 {
		return "", fmt.Sprintf("%d keys that the layout does not know", n)
	}
	return "", ""
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// sidecar checks what lies beside a feed's files, and the columns that it fills.
func (c *checker) sidecar(f *Feed, under func(...string) []string) {
	keys := map[string]SidecarKey{}
	if s := f.Sidecar; s != nil {
		before, after, found := strings.Cut(s.File, fileMark)
		if !found || before+after == "" || strings.ContainsAny(before+after, "{}/\\") {
			c.find(errSidecar, s.File, under("sidecar", "file")...)
		}
		if f.Format.Type == "fixed" || f.Format.Header != "required" {
			c.find(errSidecar, f.Format.Type, under("sidecar")...)
		}
		for i, k := range s.Keys {
			at := under("sidecar", "keys", strconv.Itoa(i), "name")
			if _, twice := keys[k.Name]; twice {
				c.find(errTwice, k.Name, at...)
			}
			taken := slices.ContainsFunc(f.Columns, func(col Column) bool { return col.Sidecar == k.Name })
			if !taken && !k.Required && len(k.Only) == 0 { // it would be accepted and mean nothing
				c.find(errSidecar, k.Name, at...)
			}
			keys[k.Name] = k
		}
		if n, asked := keys[NoticeKey]; asked && !noticed(n, keys[ObtainedKey]) {
			c.find(errSidecar, NoticeKey, under("sidecar", "keys")...)
		}
	}
	for i := range f.Columns {
		col := &f.Columns[i]
		if col.Sidecar == "" {
			continue
		}
		k, known := keys[col.Sidecar]
		iso := slices.Contains(col.Formats, "yyyy-MM-dd")
		if !known || col.Forbid || col.As == "date" && !(k.As == "date" && iso) || col.EndsEarlier() && col.altered() {
			c.find(errSidecar, col.Sidecar, under("columns", strconv.Itoa(i), "sidecar")...)
		}
	}
}

// noticed tells whether it is known of each list whether its people were told, and from when the time for that runs.
func noticed(notice, obtained SidecarKey) bool {
	strange := slices.ContainsFunc(notice.Only, func(s string) bool { return s != NoticeSent && s != NoticeDue && s != NoticeExempt })
	dated := obtained.Required && obtained.As == "date"
	return notice.Required && len(notice.Only) > 0 && !strange && (dated || !slices.Contains(notice.Only, NoticeDue))
}

// altered tells whether a cell's text becomes another one before the column's rule reads it, or its value is held to more.
func (c *Column) altered() bool {
	return len(c.Codes) > 0 || len(c.Join) > 0 || c.List+c.Append+c.Prepend+c.Pattern != ""
}

// EndsEarlier tells whether of two values that a column has, the row's own and the side-car's, the earlier day counts: a licence
// ends when the first of two says so. Of all else the row's own counts.
func (c *Column) EndsEarlier() bool {
	return c.As == "date" && slices.Contains(c.To, canon.Attribution+".licence_until")
}
