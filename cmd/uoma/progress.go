package main

import (
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"uoma/pipelines"
)

// newProgress gives a line that rewrites itself on a terminal, log lines elsewhere, nothing when quiet.
func (a *app) newProgress(log *slog.Logger) pipelines.Progress {
	switch {
	case a.quiet:
		return &progress{}
	case isTerminal(a.err):
		return &progress{line: a.err, now: a.now}
	default:
		return &progress{log: log, now: a.now}
	}
}

const (
	lineEvery = 100 * time.Millisecond // fast enough to look alive
	logEvery  = 10 * time.Second       // slow enough for a log that is kept
)

// progress implements pipelines.Progress.
type progress struct {
	line io.Writer
	log  *slog.Logger
	now  func() time.Time

	mu    sync.Mutex
	stage string
	units map[string]int64
	order []string
	last  time.Time
}

func (p *progress) Begin(stage string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stage, p.units, p.order = stage, map[string]int64{}, nil
	if p.now != nil {
		p.last = p.now()
	}
	if p.line != nil {
		p.show("…", "")
	}
}

func (p *progress) Advance(n int64, unit string) {
	if p.now == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, known := p.units[unit]; !known {
		p.order = append(p.order, unit)
	}
	p.units[unit] += n
	every := logEvery
	if p.line != nil {
		every = lineEvery
	}
	if now := p.now(); now.Sub(p.last) >= every {
		p.last = now
		p.show("…", "")
	}
}

func (p *progress) End(_ string, took time.Duration) {
	if p.now == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.show("done in "+took.Round(time.Millisecond).String(), "\n")
}

func (p *progress) show(state, end string) {
	counts := ""
	for _, u := range p.order {
		counts += fmt.Sprintf("  %s %s", thousands(p.units[u]), u)
	}
	if p.line != nil {
		fmt.Fprintf(p.line, "\r\x1b[K%-9s%s  %s%s", p.stage, counts, state, end)
		return
	}
	p.log.Info("stage "+p.stage, "state", state, "counts", counts)
}
