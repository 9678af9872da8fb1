package ui

import "github.com/plimsoll-dev/plimsoll/internal/chart"

// Status is the result of a deployment in the words of the facts. An unknown word is shown as "Unknown".
type Status string

const (
	Running    Status = "running"
	Success    Status = "success"
	Failure    Status = "failure"
	RolledBack Status = "rolled_back"
	Aborted    Status = "aborted"
	Superseded Status = "superseded"
	Canceled   Status = "canceled"
)

var statusLooks = map[Status]struct{ word, glyph string }{
	Running:    {"In progress", "running"},
	Success:    {"Succeeded", "ok"},
	Failure:    {"Failed", "failed"},
	RolledBack: {"Rolled back", "rolled"},
	Aborted:    {"Canary aborted", "aborted"},
	Superseded: {"Superseded", "muted"},
	Canceled:   {"Canceled", "muted"},
}

// Word is the status in words; the glyph never stands without it.
func (s Status) Word() string {
	if l, ok := statusLooks[s]; ok {
		return l.word
	}
	return "Unknown"
}

// Glyph is the name of the symbol and of the class of its colour.
func (s Status) Glyph() string {
	if l, ok := statusLooks[s]; ok {
		return l.glyph
	}
	return "muted"
}

// Marker is the chart's name for the status. Superseded and canceled deployments have none: ok is false.
func (s Status) Marker() (m chart.Status, ok bool) {
	switch s {
	case Running:
		return chart.Running, true
	case Success:
		return chart.Succeeded, true
	case Failure:
		return chart.Failed, true
	case RolledBack:
		return chart.RolledBack, true
	case Aborted:
		return chart.Aborted, true
	}
	return chart.Succeeded, false
}

// Tone colours a sentence. It never speaks alone: the sentence says the same in words.
type Tone string

const (
	ToneNeutral Tone = ""
	ToneOK      Tone = "ok"
	ToneWarning Tone = "warning"
	ToneFailed  Tone = "failed"
	ToneRolled  Tone = "rolled"
	ToneRunning Tone = "running"
)

// Verdict is the sentence that opens a page.
type Verdict struct {
	// Sentence answers the page's question: "webapp v2.1.0 failed at 14:14 and is not restored yet."
	Sentence string
	// Detail is one more sentence, muted; optional.
	Detail string
	Tone   Tone
	// Href and Link lead to the thing the sentence is about; both or neither.
	Href, Link string
}

// Glyph is the symbol that goes with the tone; empty for a neutral sentence.
func (v Verdict) Glyph() string {
	switch v.Tone {
	case ToneOK, ToneWarning, ToneFailed, ToneRolled, ToneRunning:
		return string(v.Tone)
	}
	return ""
}
