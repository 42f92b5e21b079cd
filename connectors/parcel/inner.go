package parcel

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"uoma/internal/late"
)

// Names inside the archive, in the order in which they stand there.
const (
	NonceName   = "nonce.bin"
	DataPrefix  = "data/"
	SchemaPref  = "schema/"
	QualityName = "quality.json"
	InnerName   = "inner.json"
	SumsName    = "SHA256SUMS"
)

// Limits of the archive.
const (
	MaxPart     = 64 << 20 // bytes of one part: built in memory, so that its size is known before it is written
	maxDocument = 16 << 20 // bytes of inner.json, quality.json, a schema or SHA256SUMS
	maxParts    = 99999    // of one table: part-NNNNN has five digits
	maxTables   = 1000
	maxEntries  = 200000 // files of one archive, so that a reader's memory is bounded
)

var tablePattern = late.Compile(`^[a-z0-9_-]{1,64}$`)

// Inner is inner.json: what stands in the archive, for the recipient alone.
type Inner struct {
	DeliveryID      string           `json:"delivery_id"`
	Dataset         string           `json:"dataset"`
	SchemaVersion   string           `json:"schema_version"`
	Tables          []InnerTable     `json:"tables"`
	PseudonymDomain string           `json:"pseudonym_domain"`
	PseudonymEpoch  int64            `json:"pseudonym_epoch"`
	ConsentCutAt    time.Time        `json:"consent_cut_at"`
	Suppressed      map[string]int64 `json:"suppressed"` // rows left out, by reason
}

// InnerTable describes one table.
type InnerTable struct {
	Name  string      `json:"name"`
	Rows  int64       `json:"rows"`
	Parts []InnerPart `json:"parts"`
}

// InnerPart describes one part of a table.
type InnerPart struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
	Bytes  int64  `json:"bytes"`
	Rows   int64  `json:"rows"`
}

// DecodeInner reads inner.json strictly.
func DecodeInner(b []byte) (*Inner, error) {
	in := new(Inner)
	if err := strictDecode(b, maxDocument, in); err != nil {
		return nil, violation(InnerName, err)
	}
	if err := in.check(); err != nil {
		return nil, violation(InnerName, err)
	}
	return in, nil
}

func (in *Inner) check() error {
	all := []error{
		rule(uuidPattern.MatchString(in.DeliveryID), "delivery_id is not a lower-case UUIDv7"),
		rule(idPattern.MatchString(in.Dataset), "dataset is not [a-z0-9-]{1,64}"),
		rule(versionPattern.MatchString(in.SchemaVersion), "schema_version is not a version"),
		rule(labelPattern.MatchString(in.PseudonymDomain), "pseudonym_domain is not named"),
		rule(inUTC(in.ConsentCutAt), "consent_cut_at is not in UTC"),
		rule(len(in.Tables) >= 1 && len(in.Tables) <= maxTables, "tables are not 1 to 1000"),
	}
	seen := map[string]bool{}
	for _, t := range in.Tables {
		all = append(all, rule(!seen[t.Name], "a table stands twice"), t.check())
		seen[t.Name] = true
	}
	for reason := range in.Suppressed {
		all = append(all, rule(tablePattern.MatchString(reason), "a suppression reason is not a word"))
	}
	return findings(all...)
}

func (t InnerTable) check() error {
	var rows int64
	for i, p := range t.Parts {
		stem, _, known := cutFormat(p.Path)
		if !known || stem != partStem(t.Name, i) {
			return errors.New("a part's path does not follow its table and number")
		}
		if !digestPattern.MatchString(p.SHA256) || p.Bytes > MaxPart {
			return errors.New("a part is not described")
		}
		rows += p.Rows
	}
	return findings(
		rule(tablePattern.MatchString(t.Name), "a table's name is not [a-z0-9_-]{1,64}"),
		rule(rows == t.Rows, "a table's rows are not the sum of its parts"),
	)
}

// partStem gives a part's path without its format; parts are numbered from 0.
func partStem(table string, n int) string { return fmt.Sprintf("%s%s/part-%05d", DataPrefix, table, n) }

func schemaPath(table string) string { return SchemaPref + table + ".json" }

func cutFormat(path string) (stem, format string, known bool) {
	i := strings.LastIndexByte(path, '.')
	if i < 0 {
		return path, "", false
	}
	return path[:i], path[i+1:], path[i+1:] == CSV || path[i+1:] == Parquet
}
