package vault_test

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"uoma/connectors/database"
	"uoma/connectors/database/databasetest"
	"uoma/connectors/vault"
	"uoma/internal/fault"
	"uoma/internal/mariadbtest"
)

func TestMain(m *testing.M) { os.Exit(mariadbtest.Run(m)) }

// ring wraps keys by AES-256-GCM under one master key, as the workspace's does.
type ring struct{ aead cipher.AEAD }

func newRing(t testing.TB) *ring {
	t.Helper()
	master := make([]byte, 32)
	if _, err := rand.Read(master); err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(master)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	return &ring{aead}
}

func (r *ring) Wrap(key, aad []byte) ([]byte, error) {
	nonce := make([]byte, 12, 12+len(key)+16)
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	return r.aead.Seal(nonce, nonce, key, aad), nil
}

func (r *ring) Unwrap(wrapped, aad []byte) ([]byte, error) {
	if len(wrapped) < 12 {
		return nil, errors.New("no key")
	}
	return r.aead.Open(nil, wrapped[:12], wrapped[12:], aad)
}

func open(t testing.TB, db *database.DB) *vault.Vault {
	t.Helper()
	v := vault.New(db, newRing(t), rand.Reader, 1)
	if err := v.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return v
}

func token(kind byte, n int) string { return fmt.Sprintf("%c%025d", kind, n) }

func entry(key, subject int, name string) vault.Entry {
	return vault.Entry{SourceKey: token('s', key), Record: token('r', key/2), Subject: token('p', subject), Source: "peppi/alumnit",
		Names:       []vault.Fact{{"person", 0, "family_name", name}, {"person", 0, "call_name", ""}},
		Identifiers: []vault.Fact{{"person", 0, "hetu", "010190-900P"}},
		Contacts:    []vault.Fact{{"email", 0, "address", name + "@a.example"}, {"email", 1, "address", "b@b.example"}, {"phone", 0, "number", "+358400001234"}}}
}

func collect(t rapid.TB, v *vault.Vault, subjects []string, which vault.Groups) []vault.Entry {
	t.Helper()
	var out []vault.Entry
	for e, err := range v.Open(context.Background(), subjects, which) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
	}
	return out
}

func firstError(v *vault.Vault, which vault.Groups) error {
	for _, err := range v.Open(context.Background(), nil, which) {
		if err != nil {
			return err
		}
	}
	return nil
}

func must(t rapid.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestPutAndOpen(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		v := open(t, db)
		var entries []vault.Entry
		for i := range 500 {
			entries = append(entries, entry(i, i/3, "Esimerkki"))
		}
		entries[4].Names, entries[5].Contacts = nil, nil
		for range 2 {
			must(t, v.Put(t.Context(), "n1", entries))
		}
		if got := collect(t, v, nil, vault.Everything); !reflect.DeepEqual(got, entries) {
			t.Errorf("%d entries, and not those that were put", len(got))
		}
		some := collect(t, v, []string{token('p', 7), token('p', 1), token('p', 7), "unknown"}, vault.Names)
		if len(some) != 6 || some[0].Subject != token('p', 1) || some[3].Names[0].Value != "Esimerkki" || some[3].Identifiers != nil || some[3].Contacts != nil {
			t.Errorf("%d entries of two subjects", len(some))
		}
		if got := collect(t, v, []string{}, vault.Names); len(got) != 0 {
			t.Errorf("%d entries of no subject", len(got))
		}
		must(t, v.Drop(t.Context(), []string{token('s', 0), "unknown"}))
		if got := collect(t, v, nil, 0); len(got) != 499 {
			t.Errorf("%d entries after one was dropped", len(got))
		}
	})
}

// TestThreat_T15_SwappedCellsDoNotOpen holds the rule METRO-63 of the notices.
func TestThreat_T15_SwappedCellsDoNotOpen(t *testing.T) {
	a, b := token('s', 0), token('s', 1)
	cases := map[string][]string{
		"cells of two entries":          {"UPDATE `identity` SET `names` = (SELECT x FROM (SELECT `names` AS x FROM `identity` WHERE `source_key` = '" + b + "') y) WHERE `source_key` = '" + a + "'"},
		"cells of two columns":          {"UPDATE `identity` SET `names` = `contacts`"},
		"an entry of another subject":   {"UPDATE `identity` SET `subject` = '" + token('p', 1) + "' WHERE `source_key` = '" + a + "'"},
		"another source key":            {"UPDATE `identity` SET `source_key` = 'x' WHERE `source_key` = '" + a + "'"},
		"another epoch":                 {"UPDATE `identity` SET `epoch` = 2"},
		"another epoch everywhere":      {"UPDATE `identity` SET `epoch` = 2", "UPDATE `subject` SET `epoch` = 2"},
		"a wrapped key of another":      {"UPDATE `subject` SET `wrapped_key` = (SELECT x FROM (SELECT `wrapped_key` AS x FROM `subject` WHERE `subject` = '" + token('p', 1) + "') y)"},
		"a cell that is cut":            {"UPDATE `identity` SET `names` = SUBSTR(`names`, 1, 20)"},
		"a cell that is nearly nothing": {"UPDATE `identity` SET `names` = SUBSTR(`names`, 1, 3)"},
	}
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		v := open(t, db)
		for name, statements := range cases {
			db.MustExec("DELETE FROM `identity`")
			db.MustExec("DELETE FROM `subject`")
			must(t, v.Put(t.Context(), "n1", []vault.Entry{entry(0, 0, "A"), entry(1, 1, "B")}))
			must(t, firstError(v, vault.Names))
			for _, s := range statements {
				db.MustExec(s)
			}
			if err := firstError(v, vault.Names); err == nil {
				t.Errorf("%s: opened", name)
			}
		}
	})
}

func TestThreat_T15_AnotherMasterKeyOpensNothing(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		v := open(t, db)
		must(t, v.Put(t.Context(), "n1", []vault.Entry{entry(0, 0, "A")}))
		thief := vault.New(db, newRing(t), rand.Reader, 1)
		if err := firstError(thief, vault.Everything); err == nil {
			t.Error("opened")
		}
	})
}

func TestThreat_T16_WornKeySealsNoMore(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		v := open(t, db)
		must(t, v.Put(t.Context(), "n1", []vault.Entry{entry(0, 0, "A")}))
		must(t, v.Put(t.Context(), "n1", []vault.Entry{entry(0, 0, "A"), entry(1, 0, "B")}))
		var seals int64
		must(t, db.Get(&seals, "SELECT `seals` FROM `subject`"))
		if seals != 9 {
			t.Errorf("%d seals counted, want 9", seals)
		}
		db.MustExec("UPDATE `subject` SET `seals` = ?", int64(1<<31-3))
		must(t, v.Put(t.Context(), "n1", []vault.Entry{entry(0, 0, "A")}))
		if err := v.Put(t.Context(), "n1", []vault.Entry{entry(0, 0, "A")}); fault.Code(err) != "UOMA-VLT-WORN" {
			t.Error(err)
		}
	})
}

func TestThreat_T16_NonceNeverRepeats(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		v := open(t, db)
		seen := map[string]bool{}
		for range 20 { // a cell that is sealed again has another one, too
			must(t, v.Put(t.Context(), "n1", []vault.Entry{entry(0, 0, "A"), entry(1, 0, "B")}))
			var cells [][]byte
			must(t, db.Select(&cells, "SELECT `names` FROM `identity` UNION ALL SELECT `contacts` FROM `identity` UNION ALL SELECT `identifiers` FROM `identity`"))
			for _, c := range cells {
				seen[string(c[:12])] = true
			}
		}
		if len(seen) != 20*6 {
			t.Errorf("%d nonces in %d cells", len(seen), 20*6)
		}
	})
}

func TestThreat_T16_WithoutRandomBytesNothingIsSealed(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		open(t, db)
		for _, size := range []int{0, 31, 32, 60} { // not enough for a key, or for the nonces after it
			v := vault.New(db, newRing(t), bytes.NewReader(make([]byte, size)), 1)
			if err := v.Put(t.Context(), "n1", []vault.Entry{entry(0, 0, "A")}); fault.Code(err) != "UOMA-VLT-RANDOM" {
				t.Errorf("%d random bytes: %v", size, err)
			}
		}
		var n int
		must(t, db.Get(&n, "SELECT (SELECT COUNT(*) FROM `identity`) + (SELECT COUNT(*) FROM `subject`)"))
		if n != 0 {
			t.Errorf("%d rows were written", n)
		}
	})
}

func TestMoveSealsUnderTheNewSubject(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		v := open(t, db)
		must(t, v.Put(t.Context(), "n1", []vault.Entry{entry(0, 0, "A"), entry(1, 0, "B"), entry(2, 0, "C"), entry(4, 9, "D")}))
		must(t, v.Move(t.Context(), "n2", []vault.Move{
			{Record: token('r', 0), From: token('p', 0), To: token('p', 5)}, {Record: token('r', 2), From: token('p', 0), To: token('p', 6)}}))
		want := []vault.Entry{entry(2, 0, "C"), entry(0, 5, "A"), entry(1, 5, "B"), entry(4, 9, "D")}
		if got := collect(t, v, nil, vault.Everything); !reflect.DeepEqual(got, want) {
			t.Errorf("%d entries, and not as they were to be moved", len(got))
		}
		if _, err := v.Erase(t.Context(), []string{token('p', 0)}, "n3"); err != nil {
			t.Fatal(err)
		}
		if got := collect(t, v, nil, vault.Everything); !reflect.DeepEqual(got, want[1:]) {
			t.Error("what had moved went with the old subject")
		}
	})
}

func TestErasedSubjectStaysErased(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		v := open(t, db)
		must(t, v.Put(t.Context(), "n1", []vault.Entry{entry(0, 0, "A"), entry(1, 0, "B"), entry(2, 1, "C")}))
		for _, want := range []int64{2, 0} {
			if n, err := v.Erase(t.Context(), []string{token('p', 0), "unknown"}, "n2"); err != nil || n != want {
				t.Errorf("erased %d entries, want %d: %v", n, want, err)
			}
		}
		if err := v.Put(t.Context(), "n3", []vault.Entry{entry(0, 0, "A")}); fault.Code(err) != "UOMA-VLT-ERASED" {
			t.Errorf("an entry came back: %v", err)
		}
		if got := collect(t, v, nil, vault.Everything); len(got) != 1 || got[0].Subject != token('p', 1) {
			t.Errorf("%d entries left", len(got))
		}
		var row struct {
			Size      int    `db:"size"`
			Destroyed string `db:"destroyed_run"`
		}
		must(t, db.Get(&row, "SELECT LENGTH(`wrapped_key`) AS `size`, `destroyed_run` FROM `subject` WHERE `subject` = ?", token('p', 0)))
		if row.Size != 0 || row.Destroyed != "n2" {
			t.Errorf("%+v", row)
		}
	})
}

// TestThreat_T21_ErasedBytesLeaveTheFiles looks for wrapped keys and cells of erased subjects in every byte of the
// database's files.
func TestThreat_T21_ErasedBytesLeaveTheFiles(t *testing.T) {
	dir := t.TempDir()
	db, err := database.Open(t.Context(), "sqlite:"+filepath.Join(dir, "vault.db"))
	must(t, err)
	defer db.Close()
	v := open(t, db)
	var entries []vault.Entry
	for i := range 3000 {
		entries = append(entries, entry(i, i/2, "Canary"))
	}
	must(t, v.Put(t.Context(), "n1", entries))
	const gone = "`subject` IN (SELECT `subject` FROM `subject` ORDER BY `subject` LIMIT 40 OFFSET 700)"
	var canaries [][]byte
	must(t, db.Select(&canaries, "SELECT `wrapped_key` FROM `subject` WHERE "+gone+" UNION ALL SELECT `names` FROM `identity` WHERE "+gone+
		" UNION ALL SELECT `contacts` FROM `identity` WHERE "+gone))
	var subjects []string
	must(t, db.Select(&subjects, "SELECT `subject` FROM `subject` WHERE "+gone))
	if n := found(t, dir, canaries); n == 0 {
		t.Fatal("the search finds nothing even before")
	}
	if n, err := v.Erase(t.Context(), subjects, "n2"); err != nil || n != 80 {
		t.Fatalf("erased %d entries: %v", n, err)
	}
	if n := found(t, dir, canaries); n != 0 {
		t.Errorf("%d of %d erased byte strings are still in the files", n, len(canaries))
	}
}

func found(t *testing.T, dir string, canaries [][]byte) (n int) {
	t.Helper()
	files, err := os.ReadDir(dir)
	must(t, err)
	for _, f := range files {
		all, err := os.ReadFile(filepath.Join(dir, f.Name()))
		must(t, err)
		for _, c := range canaries {
			if bytes.Contains(all, c) {
				n++
			}
		}
	}
	return n
}

// TestThreat_T15_NoValueStandsInTheFiles holds the rules LJMU-61, METRO-63 and, of databases, METRO-68 of the notices.
func TestThreat_T15_NoValueStandsInTheFiles(t *testing.T) {
	dir := t.TempDir()
	db, err := database.Open(t.Context(), "sqlite:"+filepath.Join(dir, "vault.db"))
	must(t, err)
	defer db.Close()
	v := open(t, db)
	must(t, v.Put(t.Context(), "n1", []vault.Entry{entry(0, 0, "Kanarialintu")}))
	canaries := [][]byte{[]byte("Kanarialintu"), []byte("010190-900P"), []byte("a.example"), []byte("+358400001234"), []byte("family_name")}
	if n := found(t, dir, canaries); n != 0 {
		t.Errorf("%d values stand in the files", n)
	}
}

func TestThreat_T08_HostileValuesOfTheVault(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		v := open(t, db)
		var entries []vault.Entry
		for i, s := range []string{"'; DROP TABLE identity; --", "`", "\x00", "\\N\t\n", "\xff\xfe", strings.Repeat("ä", 100_000), ""} {
			e := entry(i, i, s)
			e.Names = append(e.Names, vault.Fact{Table: s, Seq: i, Column: s, Value: s})
			entries = append(entries, e)
		}
		entries[6].Names = entries[6].Names[:2] // a table without a name is not one of ours
		must(t, v.Put(t.Context(), "n1", entries))
		if got := collect(t, v, nil, vault.Everything); !reflect.DeepEqual(got, entries) {
			t.Error("a value changed on its way")
		}
	})
}

func TestFactsDoNotPrint(t *testing.T) {
	e := entry(0, 0, "Esimerkki")
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if s := fmt.Sprintf(format, e); strings.Contains(s, "Esimerkki") || strings.Contains(s, "010190") {
			t.Errorf("%s prints a value", format)
		}
	}
}

func TestSuppression(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		v := open(t, db)
		first := vault.Suppression{Token: token('t', 1), Kind: "erased", Since: "n1", Clause: "GDPR-17"}
		must(t, v.Suppress(t.Context(), []vault.Suppression{first, first}))
		must(t, v.Suppress(t.Context(), []vault.Suppression{{Token: token('t', 1), Kind: "left", Since: "n2", Clause: "X"}, {Token: token('t', 2), Kind: "left", Since: "n2", Clause: "X"}}))
		got, err := v.Suppressed(t.Context())
		if err != nil || len(got) != 2 || got[token('t', 1)] != first || got[token('t', 2)].Since != "n2" {
			t.Errorf("%+v %v", got, err)
		}
	})
}

// TestVaultAgreesWithAMap does what nights do, in any order, beside a map in memory.
func TestVaultAgreesWithAMap(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		v := open(t, db)
		round := 0
		rapid.Check(t, func(rt *rapid.T) {
			db.MustExec("DELETE FROM `identity`")
			round++ // subjects of another round may be erased
			person := func(n int) int { return round*10 + n }
			model := map[string]vault.Entry{}
			erased := map[string]bool{}
			draw := func(label string, n int) int { return rapid.IntRange(0, n-1).Draw(rt, label) }
			rt.Repeat(map[string]func(*rapid.T){
				"put": func(rt *rapid.T) {
					var put []vault.Entry
					for range draw("how many", 4) {
						e := entry(draw("key", 8), person(draw("subject", 4)), rapid.StringN(0, 5, -1).Draw(rt, "name"))
						if !erased[e.Subject] {
							put = append(put, e)
							model[e.SourceKey] = e
						}
					}
					must(rt, v.Put(context.Background(), "n", put))
				},
				"drop": func(rt *rapid.T) {
					key := token('s', draw("key", 8))
					delete(model, key)
					must(rt, v.Drop(context.Background(), []string{key}))
				},
				"move": func(rt *rapid.T) {
					m := vault.Move{Record: token('r', draw("record", 4)), From: token('p', person(draw("from", 4))), To: token('p', person(draw("to", 4)))}
					if erased[m.To] || erased[m.From] {
						return
					}
					must(rt, v.Move(context.Background(), "n", []vault.Move{m}))
					for k, e := range model {
						if e.Record == m.Record && e.Subject == m.From {
							e.Subject = m.To
							model[k] = e
						}
					}
				},
				"erase": func(rt *rapid.T) {
					s := token('p', person(draw("subject", 4)))
					n := 0
					for k, e := range model {
						if e.Subject == s {
							delete(model, k)
							n++
						}
					}
					got, err := v.Erase(context.Background(), []string{s}, "n")
					if err != nil || got != int64(n) {
						rt.Fatalf("erased %d, want %d: %v", got, n, err)
					}
					var known int
					must(rt, db.Get(&known, "SELECT COUNT(*) FROM `subject` WHERE `subject` = ?", s))
					erased[s] = known == 1
				},
				"": func(rt *rapid.T) {
					want := slices.SortedFunc(maps.Values(model), func(a, b vault.Entry) int {
						return strings.Compare(a.Subject+a.SourceKey, b.Subject+b.SourceKey)
					})
					if got := collect(rt, v, nil, vault.Everything); len(got) != len(want) || len(got) > 0 && !reflect.DeepEqual(got, want) {
						rt.Fatalf("%d entries, want %d", len(got), len(want))
					}
				},
			})
		})
	})
}

// BenchmarkPut stores the identity of a first night, 260,000 entries of 200,000 subjects in no order.
func BenchmarkPut(b *testing.B) {
	const n, people = 260_000, 200_000
	entries := make([]vault.Entry, n)
	for i := range entries {
		entries[i] = entry(0, 0, "Esimerkki")
		entries[i].SourceKey = scattered(uint64(i))
		entries[i].Record = scattered(uint64(i) << 20)
		entries[i].Subject = scattered(uint64(i%people) << 40)
	}
	databasetest.EachB(b, func(b *testing.B, db *database.DB) {
		v := open(b, db)
		for b.Loop() {
			b.StopTimer()
			db.MustExec("DELETE FROM `identity`")
			db.MustExec("DELETE FROM `subject`")
			b.StartTimer()
			for chunk := range slices.Chunk(entries, 130_000) {
				must(b, v.Put(b.Context(), "nightly-2026-11-22", chunk))
			}
		}
		b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "entries/s")
	})
}

func scattered(n uint64) string { return fmt.Sprintf("%026d", (n+1)*0x9e3779b97f4a7c15) }

// BenchmarkOpen reads them all and opens every cell.
func BenchmarkOpen(b *testing.B) {
	const n = 50_000
	entries := make([]vault.Entry, n)
	for i := range entries {
		entries[i] = entry(i, i*7919%n, "Esimerkki")
	}
	databasetest.EachB(b, func(b *testing.B, db *database.DB) {
		v := open(b, db)
		must(b, v.Put(b.Context(), "n1", entries))
		for b.Loop() {
			for _, err := range v.Open(b.Context(), nil, vault.Everything) {
				must(b, err)
			}
		}
		b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "entries/s")
	})
}
