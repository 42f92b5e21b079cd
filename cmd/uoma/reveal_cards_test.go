package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"uoma/pipelines/workspace"
	"uoma/transforms/access"
)

// TestARecordingIsRevealedWithItsCards goes from the exports of doors and cameras through a night to the reveal, by the shipped
// layouts: what the night makes of a card's number is what the list of temporary cards is looked up by, and the night takes
// nothing of that list, though it lies there.
func TestARecordingIsRevealedWithItsCards(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ws")
	if err := workspace.Init(dir, nil); err != nil {
		t.Fatal(err)
	}
	put := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(workspace.FileName, "institution: \"10065\"\npolicy: metropolia_exam\nsender: {id: metropolia}\ninbox: ../inbox\nsystems: [access-control, axis]\n")
	put(workspace.OperatorsFile, `operators:
- account: lecturer
  roles: [{role: lecturer, from: 2026-01-01}]
  training: {done: 2026-01-01, valid_until: 2026-12-31}
  secrecy: 2026-01-01
- account: administrator
  roles: [{role: exam_administrator, from: 2026-01-01}]
  training: {done: 2026-01-01, valid_until: 2026-12-31}
  secrecy: 2026-01-01
- account: officer
  roles: [{role: data_protection_officer, from: 2026-01-01}]
  training: {done: 2026-01-01, valid_until: 2026-12-31}
  secrecy: 2026-01-01
- account: keeper
  roles: [{role: integration_engineer, from: 2026-01-01}]
  training: {done: 2026-01-01, valid_until: 2026-12-31}
  secrecy: 2026-01-01
`)
	put("../inbox/axis/recordings_20261121.csv", "recording_id;camera_id;room_code;start;end;has_audio;size_bytes;sha256;locked;hold_case;hold_opened;hold_closed\n"+
		"20261120_090000_A001_ACCC8E000001;MYL-AQ-01;MYL-AQ;2026-11-20T09:00:00+02:00;2026-11-20T10:00:00+02:00;1;1;;1;CASE-2026-0001;2026-11-20;\n"+
		"20261119_090000_A002_ACCC8E000001;MYL-AQ-01;MYL-AQ;2026-11-19T09:00:00+02:00;2026-11-19T10:00:00+02:00;1;1;;1;CASE-2026-0001;2026-11-20;\n")
	put("../inbox/access-control/kulku_20261121_MYL.csv", "Tapahtuma_id;Aika;Ovi;Ovi_nimi;Kortti_nro;Korttityyppi;Haltija_tunnus;Haltija_nimi;Tapahtuma;Syy\r\n"+
		"1;20.11.2026 09:05:00;MYL-AQ-D1;EXAM;0004123004;TILAP;;;SIS\xc4\xc4N;\r\n2;20.11.2026 09:06:00;MYL-AQ-D1;EXAM;123:00021;TILAP;;;SIS\xc4\xc4N;\r\n"+
		"3;20.11.2026 09:07:00;MYL-AQ-D1;EXAM;0004123001;OMA;s0000001;Koe Olli;SIS\xc4\xc4N;\r\n4;19.11.2026 09:07:00;MYL-AQ-D1;EXAM;0004123004;TILAP;;;SIS\xc4\xc4N;\r\nTapahtumia: 4\r\n")
	put("../inbox/access-control/tilapaiskortit_20261120.csv", "Kortti_nro;Luovutettu;Palautettu;Haltija_tunnus;Henkilollisyys_tarkistettu;Aula\r\n"+
		"0004123004;20.11.2026 08:00:00;20.11.2026 12:00:00;canary1@home.example;K;A\r\n123:00021;20.11.2026 09:06:00;;canary2@home.example;E;A\r\n")
	uoma := func(who, args string) (out, talk string) {
		t.Helper()
		var o, e bytes.Buffer
		at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
		a := &app{out: &o, err: &e, now: func() time.Time { return at }, account: func() access.Account { return access.Account{Name: who, UID: -1} }}
		root := a.root()
		root.SetArgs(append(strings.Fields(args), "-w", dir))
		root.SetOut(&o)
		if err := root.ExecuteContext(context.Background()); err != nil {
			t.Fatalf("%s: %v\n%s", args, err, e.String())
		}
		return o.String(), e.String()
	}
	if out, _ := uoma("keeper", "run nightly --date 2026-11-21"); !strings.Contains(out, "6 read from 2 exports") {
		t.Errorf("the night: %s", out)
	}
	for _, q := range [][2]string{{"1", "20261120_090000_A001"}, {"2", "20261119_090000_A002"}} {
		uoma("lecturer", "reveal request --recording axis/"+q[1]+"_ACCC8E000001 --reason misconduct --clause METRO-13")
		uoma("administrator", "reveal approve --recording "+q[0])
	}
	out, talk := uoma("lecturer", "reveal show --recording 1")
	for _, want := range []string{"canary1@home.example at 2026-11-20 07:05:00Z, MYL-AQ-D1, identity checked", "canary2@home.example at 2026-11-20 07:06:00Z, MYL-AQ-D1, identity not checked"} {
		if strings.Count(out, want) != 1 {
			t.Errorf("%q is not there once:\n%s", want, out)
		}
	}
	if strings.Count(out, "access-control/temporary-cards") != 2 || !strings.Contains(talk, "personal data") || strings.Contains(talk, "UOMA-") {
		t.Errorf("%s\n%s", out, talk)
	}
	out, talk = uoma("lecturer", "reveal show --recording 2 --json")
	if strings.Contains(out, "canary") || !strings.Contains(out, `"pseudonym"`) || strings.Count(out, `"holder": ""`) != 1 || !strings.Contains(out, `"lists": []`) ||
		!strings.Contains(talk, "warning: UOMA-RVL-HOLDERS-NONE access-control/tilapaiskortit_20261119.csv") || !strings.Contains(talk, "next: ask the owner") {
		t.Errorf("%s\n%s", out, talk)
	}
	if out, _ := uoma("officer", "audit list --verb reveal.holders"); strings.Count(out, ":misconduct:METRO-13") != 4 {
		t.Errorf("the audit log: %s", out)
	}
	if err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if bytes.Contains(text, []byte("canary")) {
			t.Errorf("a holder is in %s", path)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// TestTheWordsOfAHolder: what the lists do not say is worded as that.
func TestTheWordsOfAHolder(t *testing.T) {
	at := time.Date(2026, 11, 20, 7, 5, 0, 0, time.UTC)
	for _, tt := range []struct {
		line cardLine
		want string
	}{
		{cardLine{Holder: "h", Checked: "true"}, "h at 2026-11-20 07:05:00Z, D1, identity checked"},
		{cardLine{Holder: "h", Carried: "2026-11-19"}, "h at 2026-11-20 07:05:00Z, D1, nothing said of their identity; lent the day before, and not back by the list of 2026-11-19"},
		{cardLine{}, "holder unknown at 2026-11-20 07:05:00Z, D1: no list was read whole"},
		{cardLine{Lists: []string{"2026-11-20"}}, "holder unknown at 2026-11-20 07:05:00Z, D1: no line of the list of 2026-11-20 is about the card; it may be out since an earlier day"},
		{cardLine{Lists: []string{"2026-11-19", "2026-11-20"}, Listed: true, Twice: true}, "holder unknown at 2026-11-20 07:05:00Z, D1: no line of the lists of 2026-11-19 and " +
			"2026-11-20 says who had the card then; it may be out since an earlier day; clocks were set back, the hour after may be meant"},
	} {
		tt.line.At, tt.line.Door = at, "D1"
		if got := tt.line.words(); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}
