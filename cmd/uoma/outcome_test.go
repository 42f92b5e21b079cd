package main

import (
	"bytes"
	"encoding/json"
	"testing"

	"uoma/pipelines"
	"uoma/pipelines/outgoing"
)

// TestATargetsOutcomeIsSaid with everything that is not in the file, and why.
func TestATargetsOutcomeIsSaid(t *testing.T) {
	facts := map[string]json.RawMessage{}
	for stage, of := range map[string]any{
		"select": outgoing.SelectFacts{Target: "virta", Recipient: "virta", Eligible: 1300, People: 1290, Rows: 1290, Withheld: []outgoing.Withheld{{Reason: "incomplete", N: 10}},
			RowsWithheld: map[string]int64{"incomplete": 3}, Lacking: map[string]int64{"Opintosuoritus/Arvosana": 3, "Opiskelija/@avain": 10},
			Closed: []outgoing.Closed{{Column: "person.hetu", Clause: "XAMK-29"}}, Unknown: 2, Lines: []int64{4, 9}},
		"deliver": outgoing.Facts{},
		"receipt": outgoing.Facts{Delivery: "d1", Sequence: 7, State: "closed", File: "virta_20261122.xml", Bytes: 4096},
	} {
		b, err := json.Marshal(of)
		if err != nil {
			t.Fatal(err)
		}
		facts[stage] = b
	}
	var sel outgoing.SelectFacts
	if err := json.Unmarshal(facts["select"], &sel); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := (&app{out: &out}).printTarget(pipelines.Outcome{Facts: facts}, &sel); err != nil {
		t.Fatal(err)
	}
	const want = `  people    1 290 of 1 300 go to virta, in 1 290 rows; left out: 10 incomplete
  incomplete 3 more rows of people who are in it
  lacking   3 rows have no Opintosuoritus/Arvosana
  lacking   10 rows have no Opiskelija/@avain
  unknown   2 rows of the list ask for somebody whom the register does not know; the first lines: 4 9
  closed    person.hetu goes to nobody (XAMK-29)
  delivery  d1, number 7: closed
  file      virta_20261122.xml, 4 096 bytes
`
	if out.String() != want {
		t.Errorf("said\n%s", out.String())
	}
}
