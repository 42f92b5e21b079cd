package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"uoma/pipelines/workspace"
	"uoma/transforms/policy"
)

// TestChangesOfTheNoticeAreAnnounced runs nights under two versions of a notice (LJMU-69): the second owes its people word of the
// change, in the report and in the list, until it is on record that they were told, by a channel of the notice.
func TestChangesOfTheNoticeAreAnnounced(t *testing.T) {
	k := newKeyboard(t, strings.ReplaceAll(operatorsOf2026, "2026-06-30", "2026-12-31"))
	settings := strings.NewReplacer(`institution: "10118"`, `institution: "10003957"`, "policy: xamk", "policy: ljmu").Replace(string(workspace.Template()))
	k.write(t, workspace.FileName, settings)
	src, _ := policy.Shipped("ljmu")
	first := strings.Replace(string(src), "effective: {from: 2018-05-25}", "effective: {from: 2018-05-25, to: 2026-03-01}", 1)
	second := strings.NewReplacer("version: 2018-05-25.2", "version: 2026-03-02.1", "effective: {from: 2018-05-25}", "effective: {from: 2026-03-02}").Replace(string(src))
	if first == string(src) || !strings.Contains(second, "2026-03-02.1") {
		t.Fatal("the shipped pack has other dates")
	}
	k.write(t, "policies/ljmu.yaml", first)
	k.write(t, "policies/ljmu-2026.yaml", second)
	report := func(date string) bool {
		out, err := k.uoma("laine", "runs", "show", "nightly-"+date, "--json")
		if err != nil {
			t.Fatal(err)
		}
		return slices.Contains(checksOf(t, k, date), "noticeUnannounced") && strings.Contains(out, "nightly-"+date)
	}
	k.play(t, []typed{
		{"laine", "run nightly --date 2026-03-01", "", "nightly-2026-03-01"},
		{"laine", "policy changes", "", "2018-05-25.2"},
	})
	if report("2026-03-01") {
		t.Error("the version that the workspace began with is a change")
	}
	k.play(t, []typed{{"laine", "run nightly --date 2026-03-02", "", "nightly-2026-03-02"}})
	if !report("2026-03-02") {
		t.Error("the report does not say that the change is to be announced")
	}
	if out, err := k.uoma("laine", "policy", "changes"); exitCode(err) != exitFindings || !strings.Contains(out, "website,email,post  to be announced") {
		t.Errorf("the list: %v\n%s", err, out)
	}
	k.on = k.on.Add(time.Hour)
	k.play(t, []typed{
		{"laine", "policy announced 2026-03-02.1 --channel website", "UOMA-ACC-ROLE", ""},
		{"virtanen", "policy announced 2026-03-02.1 --channel portal", "UOMA-POL-CHANNEL", ""},
		{"virtanen", "policy announced 2018-05-25.2 --channel website", "UOMA-POL-NOTOWED", ""},
		{"virtanen", "policy announced 2026-03-02.1 --channel website", "", "virtanen"},
		{"virtanen", "policy announced 2026-03-02.1 --channel website", "UOMA-POL-NOTOWED", ""},
		{"laine", "policy changes", "", "website 2026-03-02"},
		{"korhonen", "audit list --verb notice.announced", "", "ljmu/2026-03-02.1:alumni:website"},
		{"laine", "run nightly --date 2026-03-03", "", "nightly-2026-03-03"},
	})
	if report("2026-03-03") {
		t.Error("the report still says that the change is to be announced")
	}
}
