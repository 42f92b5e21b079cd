package layout_test

import (
	"reflect"
	"testing"

	"uoma/transforms/layout"
)

// TestWordsOfAFeed lists what consents and objections can be about: constants, what codes and defaults lead to, but for what a row's
// conditions keep out.
func TestWordsOfAFeed(t *testing.T) {
	const src = `system: x
title: X
controller: "10118"
feeds:
- name: a
  file: "a_{yyyyMMdd}.csv"
  format: {type: csv, delimiter: ","}
  key: [id]
  person: [id]
  rows:
    consent.1: {when: ["way!=post", what], set: {state: granted}}
    consent.2: {when: letter, set: {purpose: letter, state: withdrawn}}
    consent.3: {when: letter, set: {purpose: letter, state: granted}}
    objection.1: {when: [ban=phone|post], set: {scope: marketing}}
    objection.survey: {when: ban=survey}
    role.alumnus: {when: letter}
  columns:
  - {name: id, required: true, to: person.source_key}
  - {name: what, codes: {N: news, E: events}, default: other, to: consent.1.purpose}
  - {name: way, codes: {E: email, P: post}, to: consent.1.channel}
  - {name: letter}
  - {name: free, to: consent.4.purpose}
  - {name: state, codes: {"1": granted}, to: consent.4.state}
  - {name: ban, codes: {S: survey, T: phone, L: post}, to: objection.1.channel}
`
	l, err := layout.Parse("x.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	want := map[layout.Word]int{{Table: "consent", About: "events", Channel: "email"}: 1, {Table: "consent", About: "news", Channel: "email"}: 1,
		{Table: "consent", About: "other", Channel: "email"}: 1, {Table: "consent", About: "letter"}: 1, {Table: "consent"}: 1,
		{Table: "objection", About: "marketing", Channel: "phone"}: 1, {Table: "objection", About: "marketing", Channel: "post"}: 1, {Table: "objection", About: "survey"}: 1}
	got := map[layout.Word]int{}
	for _, w := range l.Feeds[0].Words() {
		got[w]++
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v, not %v", got, want)
	}
}
