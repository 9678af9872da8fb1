package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/history"
)

// progress draws one line on a terminal, and nothing elsewhere.
type progress struct {
	w     io.Writer
	last  time.Time
	drawn bool
}

func newProgress(w io.Writer) *progress {
	f, ok := w.(*os.File)
	if !ok {
		return &progress{}
	}
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return &progress{}
	}
	return &progress{w: f}
}

func (p *progress) show(h history.Progress) {
	if !p.due() {
		return
	}
	p.drawn = true
	switch {
	case h.Total > 0:
		p.bar(float64(h.Commits)/float64(h.Total), fmt.Sprintf("%d of %d commits", h.Commits, h.Total))
		if h.ReachedAt.Known() {
			fmt.Fprintf(p.w, ", back to %s", h.ReachedAt.Std().Format("2006-01-02"))
		}
	default:
		fmt.Fprintf(p.w, "\r\x1b[K%d lines, %d events", h.Lines, h.Events)
	}
}

// due reports whether it is time to draw again.
func (p *progress) due() bool {
	if p.w == nil || time.Since(p.last) < 100*time.Millisecond {
		return false
	}
	p.last = time.Now()
	return true
}

// bar draws how much of something is done, and what that means.
func (p *progress) bar(share float64, text string) {
	if p.w == nil {
		return
	}
	const width = 30
	full := max(0, min(width, int(share*width)))
	p.drawn = true
	fmt.Fprintf(p.w, "\r\x1b[K[%s%s] %s", strings.Repeat("█", full), strings.Repeat("·", width-full), text)
}

func (p *progress) done() {
	if p.drawn {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
