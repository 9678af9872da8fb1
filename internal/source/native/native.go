// Package native decodes Plimsoll's own event form: what POST /api/v1/events
// takes, what the importers write, and the fields of the seed's deployment
// ConfigMap. It refuses to guess: what it cannot read is an error that names
// the event, the field, what stood there and what was expected.
//
// It is pure. The time of receipt and the secret behind pseudonyms come in as
// values, so that decoding can be repeated over the past.
package native

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/plimsoll-dev/plimsoll"
)

// Decoder is the name and version that the events carry.
const Decoder = "native/1"

// The bounds of what one request may hold.
const (
	MaxEvents = 10_000
	maxDepth  = 8
	maxFields = 100
	maxText   = 2000 // characters of a title, an address or a label
	maxName   = 200  // characters of an id or a name
	maxSHA    = 64
	maxList   = 5000
	ahead     = time.Hour // how far a clock may be ahead of ours
)

// Options are what decoding needs besides the bytes.
type Options struct {
	Now        plimsoll.Time // of receipt
	DeliveryID string        // names the whole delivery, "" if the sender gave none

	// Pseudonym turns a personal name or address into a reference that says
	// nothing without the server's secret. kind is author or person.
	Pseudonym func(kind, name string) string
}

// Result is what a body held.
type Result struct {
	Events []plimsoll.Event
	People map[string]string // reference → name, of the deployers
}

// Decode reads one object, an array of objects, or objects one after the other
// (NDJSON). It returns all events or an error that names the first bad one.
func Decode(body []byte, opt Options) (Result, error) {
	items, err := split(body)
	if err != nil {
		return Result{}, err
	}
	res := Result{Events: make([]plimsoll.Event, 0, len(items))}
	for i, item := range items {
		e, err := decodeOne(item, opt, &res)
		if err != nil {
			return Result{}, atIndex(err, i)
		}
		if e.DeliveryID == "" && opt.DeliveryID != "" {
			e.DeliveryID, e.Index = opt.DeliveryID, i
		}
		res.Events = append(res.Events, e)
	}
	return res, nil
}

func atIndex(err error, i int) error {
	var e *plimsoll.Error
	if errors.As(err, &e) {
		return e.At(i)
	}
	return plimsoll.Errorf(plimsoll.CodeInvalid, "%v", err).At(i)
}

// split cuts a body into its objects without reading them.
func split(body []byte) ([]json.RawMessage, error) {
	if !utf8.Valid(body) {
		return nil, plimsoll.Errorf(plimsoll.CodeInvalid, "the body is not UTF-8; send JSON in UTF-8")
	}
	if err := checkDepth(body); err != nil {
		return nil, err
	}
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	dec := json.NewDecoder(bytes.NewReader(body))
	var items []json.RawMessage
	for {
		var raw json.RawMessage
		err := dec.Decode(&raw)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, badJSON(err, body, dec.InputOffset(), len(items))
		}
		if raw[0] != '[' {
			items = append(items, raw)
		} else {
			var list []json.RawMessage
			if err := json.Unmarshal(raw, &list); err != nil {
				return nil, badJSON(err, body, dec.InputOffset(), len(items))
			}
			items = append(items, list...)
		}
		if len(items) > MaxEvents {
			return nil, plimsoll.Errorf(plimsoll.CodeTooLarge, "more than %d events in one request; send them in several", MaxEvents)
		}
	}
	if len(items) == 0 {
		return nil, plimsoll.Errorf(plimsoll.CodeInvalid, "the body holds no event; send one JSON object, an array, or one object a line")
	}
	return items, nil
}

func badJSON(err error, body []byte, offset int64, index int) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		offset += max(syntax.Offset-offset, 0)
	}
	line := 1 + bytes.Count(body[:min(int(offset), len(body))], []byte("\n"))
	return (&plimsoll.Error{
		Code:    plimsoll.CodeInvalid,
		Message: fmt.Sprintf("line %d is not JSON (%v); send one JSON object, an array, or one object a line", line, err),
	}).At(index)
}

// checkDepth refuses deep nesting before anything recursive reads the body.
func checkDepth(body []byte) error {
	depth, inString := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return plimsoll.Errorf(plimsoll.CodeInvalid, "the body is nested more than %d levels deep; events are flat objects", maxDepth)
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}

// decodeOne reads one object.
func decodeOne(raw json.RawMessage, opt Options, res *Result) (plimsoll.Event, error) {
	var fields map[string]json.RawMessage
	if len(raw) == 0 || raw[0] != '{' || json.Unmarshal(raw, &fields) != nil {
		return plimsoll.Event{}, plimsoll.Errorf(plimsoll.CodeInvalid, "%s is not an event; expected a JSON object", excerpt(raw))
	}
	if len(fields) > maxFields {
		return plimsoll.Event{}, plimsoll.Errorf(plimsoll.CodeInvalid, "%d fields; an event has at most %d", len(fields), maxFields)
	}
	r := &reader{fields: fields, opt: opt}
	typ := r.typeOf()
	source := r.name("source")
	delivery := r.name("delivery_id")
	occurred := r.time("occurred_at")
	var report any
	var subject string
	var stamps []plimsoll.Time
	switch typ {
	case plimsoll.TypeDeployment:
		report, subject, stamps = r.deployment(res)
	case plimsoll.TypeChange:
		report, subject, stamps = r.change()
	case plimsoll.TypePullRequest:
		report, subject, stamps = r.pullRequest()
	case plimsoll.TypeIncident:
		report, subject, stamps = r.incident()
	case plimsoll.TypeAnalysis:
		report, subject, stamps = r.analysis()
	case plimsoll.TypeFlag:
		report, subject, stamps = r.flag()
	case plimsoll.TypeService:
		report, subject, stamps = r.service()
	}
	if r.err != nil {
		return plimsoll.Event{}, r.err
	}
	body, err := json.Marshal(report)
	if err != nil {
		return plimsoll.Event{}, err
	}
	if source == "" {
		source = "api"
	}
	e := plimsoll.Event{
		Type: typ, SchemaVersion: plimsoll.SchemaVersion, Subject: subject, Source: source,
		DeliveryID: delivery, OccurredAt: occurred.Or(plimsoll.Last(stamps...)), Decoder: Decoder, Body: body,
	}
	e.Hash = e.ContentHash()
	// A report without any time of its own, such as a catalogue entry, holds
	// from when it was received; that is no part of its content.
	e.OccurredAt = e.OccurredAt.Or(opt.Now)
	return e, nil
}

func excerpt(raw []byte) string {
	s := strings.TrimSpace(string(raw))
	if len(s) > 40 {
		s = s[:40] + "…"
	}
	return s
}

// sorted lists a set in order, so that suggestions do not depend on chance.
func sorted(names map[string]bool) []string {
	out := make([]string, 0, len(names))
	for n := range names {
		out = append(out, n)
	}
	sort.Strings(out)
	return out
}
