// Package archive is the log as lines of JSON: what plimsoll export writes and
// plimsoll import jsonl reads. It does not depend on where the log is kept, and
// refuses to know: it turns values into lines and lines into values.
//
// An event stands in its line as POST /api/v1/events takes it, with one field
// more, log, which holds the rest of its envelope and the hash of its content.
// What is behind log is the body, byte for byte, so that an event comes back as
// it was, and one that somebody changed on the way is found.
package archive

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/plimsoll-dev/plimsoll"
)

// Format is the version of the form that this build writes.
const Format = 1

// The types of the lines that are no events.
const (
	typeHeader = "export"
	typePerson = "person"
	typeSecret = "secret"
	typeEnd    = "end"
)

// Header begins an archive.
type Header struct {
	Type   string `json:"type"` // export
	Format int    `json:"format"`
	Events int64  `json:"events"` // how many follow
}

// Person is the name behind a reference. One that was erased stays erased
// wherever the archive goes.
type Person struct {
	Type   string `json:"type"` // person
	Ref    string `json:"ref"`
	Name   string `json:"name,omitempty"`
	Erased bool   `json:"erased,omitempty"`
}

// Secret is one that the store generated.
type Secret struct {
	Type  string `json:"type"` // secret
	Name  string `json:"name"`
	Value []byte `json:"value"`
}

// End closes an archive. One without it was cut off.
type End struct {
	Type   string `json:"type"` // end
	Events int64  `json:"events"`
}

// Event is an event of a log. Seq is not kept: it is the log's that takes it.
type Event struct {
	plimsoll.Record
	Replaces plimsoll.Hash // of the event that this one supersedes; zero if none
}

// envelope is how the line of an event begins.
type envelope struct {
	Type       plimsoll.Type `json:"type"`
	Source     string        `json:"source"`
	OccurredAt plimsoll.Time `json:"occurred_at"`
	DeliveryID string        `json:"delivery_id,omitempty"`
	Log        *logFields    `json:"log,omitempty"`
}

type logFields struct {
	Subject    string        `json:"subject"`
	Index      int           `json:"index,omitempty"`
	Actor      string        `json:"actor,omitempty"`
	Decoder    string        `json:"decoder"`
	Schema     int           `json:"schema"`
	Replaces   string        `json:"replaces,omitempty"`
	RecordedAt plimsoll.Time `json:"recorded_at"`
	Hash       string        `json:"hash"`
}

// AppendEvent appends the line of an event, with its line break.
func AppendEvent(b []byte, e Event) ([]byte, error) {
	body := bytes.TrimSpace(e.Body)
	if len(body) < 2 || body[0] != '{' {
		return b, fmt.Errorf("event %d has no body", e.Seq)
	}
	log := &logFields{
		Subject: e.Subject, Index: e.Index, Actor: e.Actor, Decoder: e.Decoder, Schema: e.SchemaVersion,
		RecordedAt: e.RecordedAt, Hash: e.Hash.String(),
	}
	if e.Replaces != (plimsoll.Hash{}) {
		log.Replaces = e.Replaces.String()
	}
	head, err := json.Marshal(envelope{e.Type, e.Source, e.OccurredAt, e.DeliveryID, log})
	if err != nil {
		return b, err
	}
	b = append(b, head[:len(head)-1]...)
	if len(body) > 2 {
		b = append(b, ',')
	}
	b = append(b, body[1:]...)
	return append(b, '\n'), nil
}

// Append appends any other line.
func Append(b []byte, v any) ([]byte, error) {
	switch x := v.(type) {
	case Header:
		x.Type = typeHeader
		v = x
	case Person:
		x.Type = typePerson
		v = x
	case Secret:
		x.Type = typeSecret
		v = x
	case End:
		x.Type = typeEnd
		v = x
	default:
		return b, fmt.Errorf("%T is no line of an archive", v)
	}
	line, err := json.Marshal(v)
	return append(append(b, line...), '\n'), err
}

// IsHeader reports whether a line is the first of an archive.
func IsHeader(line []byte) bool {
	var h Header
	return json.Unmarshal(line, &h) == nil && h.Type == typeHeader && h.Format > 0
}

// Parse reads a line: a Header, Person, Secret, End or Event.
func Parse(line []byte) (any, error) {
	line = bytes.TrimSpace(line)
	var kind struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(line, &kind); err != nil {
		return nil, fmt.Errorf("no complete JSON object: %w", err)
	}
	switch kind.Type {
	case typeHeader:
		var h Header
		if err := json.Unmarshal(line, &h); err != nil {
			return nil, err
		}
		if h.Format != Format {
			return nil, fmt.Errorf("format %d; this program knows %d, so import it with the program that wrote it or a newer one", h.Format, Format)
		}
		return h, nil
	case typePerson:
		var p Person
		err := json.Unmarshal(line, &p)
		if err == nil && (p.Ref == "" || p.Erased == (p.Name != "")) {
			err = errors.New("a person has a ref, and a name or erased")
		}
		return p, err
	case typeSecret:
		var s Secret
		err := json.Unmarshal(line, &s)
		if err == nil && (s.Name == "" || len(s.Value) < 16) {
			err = errors.New("a secret has a name and a value of at least 16 bytes")
		}
		return s, err
	case typeEnd:
		var e End
		return e, json.Unmarshal(line, &e)
	}
	return parseEvent(line)
}

// split finds the end of the envelope: what is behind the field log.
func split(line []byte) (head envelope, body []byte, err error) {
	d := json.NewDecoder(bytes.NewReader(line))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return head, nil, errors.New("expected one JSON object a line")
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return head, nil, err
		}
		var into any
		switch key {
		case "type":
			into = &head.Type
		case "source":
			into = &head.Source
		case "occurred_at":
			into = &head.OccurredAt
		case "delivery_id":
			into = &head.DeliveryID
		case "log":
			into = &head.Log
		default:
			return head, nil, fmt.Errorf("the field %v stands before log, so this is no line of an export; events of other origin are imported from a file of their own", key)
		}
		if err := d.Decode(into); err != nil {
			return head, nil, fmt.Errorf("%v: %w", key, err)
		}
		if key == "log" {
			rest := bytes.TrimPrefix(bytes.TrimSpace(line[d.InputOffset():]), []byte(","))
			if head.Log == nil {
				return head, nil, errors.New("the field log is empty")
			}
			return head, append([]byte{'{'}, rest...), nil
		}
	}
	return head, nil, errors.New("the field log is missing, so this is no line of an export; events of other origin are imported from a file of their own")
}

func parseEvent(line []byte) (any, error) {
	head, body, err := split(line)
	if err != nil {
		return nil, err
	}
	e := Event{Record: plimsoll.Record{RecordedAt: head.Log.RecordedAt, Event: plimsoll.Event{
		Type: head.Type, SchemaVersion: head.Log.Schema, Subject: head.Log.Subject, Source: head.Source,
		DeliveryID: head.DeliveryID, Index: head.Log.Index, OccurredAt: head.OccurredAt, Actor: head.Log.Actor,
		Decoder: head.Log.Decoder, Body: body,
	}}}
	if err := readHash(&e.Hash, head.Log.Hash); err != nil {
		return nil, err
	}
	if head.Log.Replaces != "" {
		if err := readHash(&e.Replaces, head.Log.Replaces); err != nil {
			return nil, err
		}
	}
	return e, nil
}

func readHash(h *plimsoll.Hash, s string) error {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(h) {
		return fmt.Errorf("%q is no hash; expected %d hexadecimal digits", s, 2*len(h))
	}
	*h = plimsoll.Hash(b)
	return nil
}

// Plain returns an event's line as POST /api/v1/events takes it, nil for a line
// that is none. What only the log knows is left out, the name of the delivery
// too: its events would be counted anew in every batch.
func Plain(line []byte) ([]byte, plimsoll.Type, error) {
	v, err := Parse(line)
	if err != nil {
		return nil, "", err
	}
	e, ok := v.(Event)
	if !ok {
		return nil, "", nil
	}
	head, err := json.Marshal(envelope{Type: e.Type, Source: e.Source, OccurredAt: e.OccurredAt})
	if err != nil {
		return nil, "", err
	}
	out := head[:len(head)-1]
	if len(e.Body) > 2 {
		out = append(out, ',')
	}
	return append(out, e.Body[1:]...), e.Type, nil
}
