package pipelines_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
)

// journal is a ledger in memory.
type journal struct {
	state pipelines.State
	facts map[string]json.RawMessage
	code  string
}

func (j *journal) Begin(context.Context, *pipelines.Run) (pipelines.State, map[string]json.RawMessage, error) {
	return j.state, j.facts, nil
}

func (j *journal) StageDone(_ context.Context, _ *pipelines.Run, stage string, facts json.RawMessage, _, _ time.Time) error {
	if j.facts == nil {
		j.facts = map[string]json.RawMessage{}
	}
	j.facts[stage] = facts
	return nil
}

func (j *journal) End(_ context.Context, _ *pipelines.Run, s pipelines.State, code string) error {
	j.state, j.code = s, code
	return nil
}

type step struct {
	name string
	log  *[]string
	err  *error
	fact any
}

func (s step) Name() string { return s.name }
func (s step) Run(context.Context, *pipelines.Run) (any, error) {
	*s.log = append(*s.log, s.name)
	if s.err != nil && *s.err != nil {
		return nil, *s.err
	}
	return s.fact, nil
}

type checkpoint struct{ step }

func (checkpoint) Durable() {}

type quiet struct{}

func (quiet) Begin(string)              {}
func (quiet) Advance(int64, string)     {}
func (quiet) End(string, time.Duration) {}

func run() *pipelines.Run {
	d, _ := canon.NewDate(2026, 11, 22)
	return &pipelines.Run{Pipeline: "p", Date: d, Now: func() time.Time { return time.Unix(0, 0) }, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Progress: quiet{}}
}

func TestResumeGoesOnBehindTheLastCheckpoint(t *testing.T) {
	var log []string
	broken := errors.New("killed")
	stages := []pipelines.Stage{
		checkpoint{step{name: "a", log: &log}}, step{name: "b", log: &log},
		checkpoint{step{name: "c", log: &log}}, step{name: "d", log: &log, err: &broken},
	}
	j := &journal{}
	out, err := pipelines.Execute(context.Background(), run(), stages, j)
	if err == nil || out.State != pipelines.Failed || j.code != "UOMA-RUN-STAGE" {
		t.Fatalf("%v, %v, code %q", out.State, err, j.code)
	}
	broken = nil
	out, err = pipelines.Execute(context.Background(), run(), stages, j)
	if err != nil || out.State != pipelines.Finished || out.Already {
		t.Fatalf("%+v, %v", out, err)
	}
	out, err = pipelines.Execute(context.Background(), run(), stages, j)
	if err != nil || !out.Already {
		t.Fatalf("a finished run ran again: %+v, %v", out, err)
	}
	if want := []string{"a", "b", "c", "d", "d"}; !slices.Equal(log, want) {
		t.Fatalf("ran %v, want %v", log, want)
	}
}

func TestBeforeAnyCheckpointEverythingIsRedone(t *testing.T) {
	var log []string
	broken := errors.New("killed")
	stages := []pipelines.Stage{step{name: "a", log: &log}, checkpoint{step{name: "b", log: &log, err: &broken}}}
	j := &journal{}
	_, _ = pipelines.Execute(context.Background(), run(), stages, j)
	broken = nil
	if _, err := pipelines.Execute(context.Background(), run(), stages, j); err != nil {
		t.Fatal(err)
	}
	if want := []string{"a", "b", "a", "b"}; !slices.Equal(log, want) {
		t.Fatalf("ran %v, want %v", log, want)
	}
}

func TestFailedSourcesMakeARunPartialEvenAfterResume(t *testing.T) {
	var log []string
	broken := errors.New("killed")
	stages := []pipelines.Stage{
		checkpoint{step{name: "a", log: &log, fact: map[string]int{"failed_sources": 1}}},
		step{name: "b", log: &log, err: &broken},
	}
	j := &journal{}
	_, _ = pipelines.Execute(context.Background(), run(), stages, j)
	broken = nil
	out, err := pipelines.Execute(context.Background(), run(), stages, j)
	if err != nil || out.State != pipelines.Part {
		t.Fatalf("%v, %v", out.State, err)
	}
}

func TestAnErrorWithACodeKeepsIt(t *testing.T) {
	var log []string
	var err error = fault.New("UOMA-X-Y", "m", "h")
	j := &journal{}
	_, got := pipelines.Execute(context.Background(), run(), []pipelines.Stage{step{name: "a", log: &log, err: &err}}, j)
	if fault.Code(got) != "UOMA-X-Y" || j.code != "UOMA-X-Y" {
		t.Fatalf("%v, %q", got, j.code)
	}
}

func TestShippedPipelinesAreValid(t *testing.T) {
	all, err := pipelines.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	if all["nightly"] == nil || all["career-survey"] == nil || all["career-survey"].Survey.Level != "validated" || all["withdrawals"] == nil {
		t.Fatalf("got %v", all)
	}
}

func TestParseNamesThePlace(t *testing.T) {
	_, err := pipelines.Parse("p.yaml", []byte("pipeline: x\ntitle: t\nstages: [land, lamd]\n"))
	if err == nil || !strings.Contains(err.Error(), "p.yaml:3:16 (stages.1)") {
		t.Fatalf("got %v", err)
	}
}
