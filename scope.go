package plimsoll

import (
	"strings"
	"time"
)

// ScopeKind says what a Scope selects by.
type ScopeKind string

// The kinds of scope.
const (
	ScopeOrg     ScopeKind = "org"
	ScopeTeam    ScopeKind = "team"
	ScopeService ScopeKind = "service"
	ScopeLabel   ScopeKind = "label"
)

// Scope selects the systems a figure is about. There is no scope of a person.
type Scope struct {
	Kind  ScopeKind
	Name  string // team or service name, or the label's key
	Value string // the label's value
}

// String is the form the API takes: org, team:NAME, service:NAME, label:KEY=VALUE.
func (s Scope) String() string {
	switch s.Kind {
	case ScopeTeam, ScopeService:
		return string(s.Kind) + ":" + s.Name
	case ScopeLabel:
		return "label:" + s.Name + "=" + s.Value
	}
	return string(ScopeOrg)
}

// ParseScope reads the form of String; "" is the organisation.
func ParseScope(s string) (Scope, error) {
	if s == "" || s == string(ScopeOrg) {
		return Scope{Kind: ScopeOrg}, nil
	}
	kind, name, _ := strings.Cut(s, ":")
	switch ScopeKind(kind) {
	case ScopeTeam, ScopeService:
		if name != "" {
			return Scope{Kind: ScopeKind(kind), Name: name}, nil
		}
	case ScopeLabel:
		if k, v, ok := strings.Cut(name, "="); ok && k != "" {
			return Scope{Kind: ScopeLabel, Name: k, Value: v}, nil
		}
	}
	return Scope{}, FieldErrorf("scope", "%q is no scope; expected org, team:NAME, service:NAME or label:KEY=VALUE", s)
}

// Window is the half-open span [From, To) a figure is about.
type Window struct {
	From, To Time
}

// Contains reports whether t is known and lies in the window.
func (w Window) Contains(t Time) bool { return t != 0 && t >= w.From && t < w.To }

// ParseWindow reads both ends: RFC 3339, a date like 2026-03-01 (midnight in
// zone), now, or now-30d with the units m, h, d, w (a day is 24 hours). Empty
// ends mean now-30d and now.
func ParseWindow(from, to string, now Time, zone *time.Location) (Window, error) {
	if from == "" {
		from = "now-30d"
	}
	if to == "" {
		to = "now"
	}
	f, err := parseMoment("from", from, now, zone)
	if err != nil {
		return Window{}, err
	}
	t, err := parseMoment("to", to, now, zone)
	if err != nil {
		return Window{}, err
	}
	if f >= t {
		return Window{}, FieldErrorf("from", "%s is not before to (%s); the window is half-open: from <= t < to", from, to)
	}
	return Window{From: f, To: t}, nil
}

func parseMoment(field, s string, now Time, zone *time.Location) (Time, error) {
	if s == "now" {
		return now, nil
	}
	if rest, ok := strings.CutPrefix(s, "now-"); ok {
		d, ok := ParseSpan(rest)
		if !ok {
			return 0, FieldErrorf(field, "%q: expected now-N with a unit of m, h, d or w, like now-30d", s)
		}
		return now.Add(-d), nil
	}
	if len(s) == len("2006-01-02") {
		if v, err := time.ParseInLocation("2006-01-02", s, zone); err == nil {
			return TimeOf(v), nil
		}
	}
	t, err := ParseTime(s)
	if err != nil {
		return 0, FieldErrorf(field, "%q: expected RFC 3339 like 2026-03-24T10:15:00Z, a date like 2026-03-24, now or now-30d", s)
	}
	return t, nil
}

// ParseSpan reads a span like 90m, 24h, 30d or 2w; a day is 24 hours. It
// reports false for anything else, for zero and for more than 100 years.
func ParseSpan(s string) (time.Duration, bool) {
	if len(s) < 2 {
		return 0, false
	}
	unit := map[byte]time.Duration{'m': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}[s[len(s)-1]]
	n := time.Duration(0)
	for _, c := range s[:len(s)-1] {
		if c < '0' || c > '9' || n > 1e8 {
			return 0, false
		}
		n = n*10 + time.Duration(c-'0')
	}
	const most = 100 * 366 * 24 * time.Hour
	if unit == 0 || n == 0 || n > most/unit {
		return 0, false
	}
	return n * unit, true
}
