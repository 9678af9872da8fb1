package sim

import (
	"maps"
	"slices"
	"strconv"

	"github.com/plimsoll-dev/plimsoll"
)

// writer appends the fields of a JSON object. encoding/json would take most of
// the time of a large run. Its texts are our own: plain ASCII without anything
// that must be escaped.
type writer struct{ b []byte }

func (w *writer) key(name string) {
	if w.b[len(w.b)-1] != '{' {
		w.b = append(w.b, ',')
	}
	w.b = append(w.b, '"')
	w.b = append(w.b, name...)
	w.b = append(w.b, '"', ':')
}

// quoted appends s as a string.
func (w *writer) quoted(s string) {
	w.b = append(w.b, '"')
	w.b = append(w.b, s...)
	w.b = append(w.b, '"')
}

// text leaves out what is not stated, like the fields below.
func (w *writer) text(name, s string) {
	if s != "" {
		w.key(name)
		w.quoted(s)
	}
}

func (w *writer) yes(name string, v bool) {
	if v {
		w.key(name)
		w.b = append(w.b, "true"...)
	}
}

func (w *writer) list(name string, list []string) {
	if len(list) == 0 {
		return
	}
	w.key(name)
	w.b = append(w.b, '[')
	for i, s := range list {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.quoted(s)
	}
	w.b = append(w.b, ']')
}

func (w *writer) labels(m map[string]string) {
	if len(m) == 0 {
		return
	}
	w.key("labels")
	w.b = append(w.b, '{')
	for _, k := range slices.Sorted(maps.Keys(m)) {
		w.text(k, m[k])
	}
	w.b = append(w.b, '}')
}

func (w *writer) time(name string, t plimsoll.Time) {
	if t == 0 {
		return
	}
	w.key(name)
	w.b = append(w.b, '"')
	w.b = appendTime(w.b, t)
	w.b = append(w.b, '"')
}

// appendTime appends a time of whole seconds as RFC 3339 in UTC. The date comes
// from the days by the method of Hinnant ("chrono-compatible low-level date
// algorithms"), which is several times as fast as package time.
func appendTime(b []byte, t plimsoll.Time) []byte {
	s := int64(t / second)
	days, rest := s/86400, s%86400
	z := days + 719468
	era := z / 146097
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	d, m, y := doy-(153*mp+2)/5+1, mp+3, yoe+era*400
	if m > 12 {
		m, y = m-12, y+1
	}
	b = strconv.AppendInt(b, y, 10)
	b = two(append(b, '-'), m)
	b = two(append(b, '-'), d)
	b = two(append(b, 'T'), rest/3600)
	b = two(append(b, ':'), rest/60%60)
	b = two(append(b, ':'), rest%60)
	return append(b, 'Z')
}

func two(b []byte, n int64) []byte { return append(b, byte('0'+n/10), byte('0'+n%10)) }
