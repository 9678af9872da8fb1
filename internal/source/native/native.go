// Package native decodes Plimsoll's own event form: what POST /api/v1/events
// takes, what the importers write, and the fields of the seed's deployment
// ConfigMap. It refuses to guess: what it cannot read is an error that names
// the event, the field, what stood there and what was expected.
//
// It is pure. The time of receipt and the secret behind pseudonyms come in as
// values, so that decoding can be repeated over the past. An event marshalled
// again with its type, source and time decodes to the same event.
package native

import (
	"bytes"
	"encoding/json"
	"errors"
	"time"
	"unicode/utf8"

	"github.com/plimsoll-dev/plimsoll"
)

// Decoder is the name and version that the events carry.
const Decoder = "native/1"

// The bounds of what one request may hold.
const (
	MaxEvents  = 10_000
	maxDepth   = 8 // of the whole body, the list around the events included
	maxFields  = 100
	maxText    = 2000 // characters of a title, an address or a label
	maxName    = 200  // characters of an id or a name
	maxSHA     = 64
	maxList    = 5000
	maxUnknown = 1000      // different names of fields that become labels, of the whole body
	maxMetrics = 64 << 10  // bytes of an analysis' metrics
	ahead      = time.Hour // how far a clock may be ahead of ours
)

// Options are what decoding needs besides the bytes.
type Options struct {
	Now        plimsoll.Time // of receipt
	DeliveryID string        // names the whole delivery, "" if the sender gave none

	// Pseudonym turns a personal name or address into a reference that says
	// nothing without the server's secret; see reference. kind is author or
	// person.
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
	d := decoder{opt: opt, named: map[string]int{}, fine: map[label]bool{}}
	if !utf8.Valid(body) {
		return Result{}, plimsoll.Errorf(plimsoll.CodeInvalid, "the body is not UTF-8; send JSON in UTF-8")
	}
	s := &scanner{body: bytes.TrimPrefix(body, []byte("\ufeff"))}
	for {
		var err error
		switch s.next() {
		case 0:
			if s.at < len(s.body) { // a NUL byte, not the end
				return Result{}, s.unexpected("an event")
			}
			if len(d.res.Events) == 0 {
				return Result{}, plimsoll.Errorf(plimsoll.CodeInvalid, "the body holds no event; send one JSON object, an array, or one object a line")
			}
			return d.res, nil
		case '[':
			err = s.elements(func() error { return d.event(s) })
		default:
			err = d.event(s)
		}
		if err != nil {
			return Result{}, atIndex(err, len(d.res.Events))
		}
	}
}

// atIndex names the event that an error is about, unless it is about all.
func atIndex(err error, i int) error {
	var e *plimsoll.Error
	if !errors.As(err, &e) {
		e = plimsoll.Errorf(plimsoll.CodeInvalid, "%s", oneLine(err.Error(), maxText))
	}
	if e.Code == plimsoll.CodeTooLarge {
		return e
	}
	return e.At(i)
}

// decoder collects the events of a body.
type decoder struct {
	opt    Options
	res    Result
	fields []field  // used again for each event
	known  []string // likewise
	fine   map[label]bool
	named  map[string]int // how many events each delivery named within the body has so far
}

// label is the name of a field that a type of event does not know. A body holds
// the same few again and again.
type label struct {
	typ  plimsoll.Type
	name string
}

// event reads the next value as an event.
func (d *decoder) event(s *scanner) error {
	if len(d.res.Events) == MaxEvents {
		return plimsoll.Errorf(plimsoll.CodeTooLarge, "more than %d events in one request; send them in several", MaxEvents)
	}
	if s.next() != '{' {
		raw, err := s.value()
		if err != nil {
			return err
		}
		return plimsoll.Errorf(plimsoll.CodeInvalid, "%s is not an event; expected a JSON object", excerpt(raw))
	}
	var err error
	if d.fields, err = objectFields(s, d.fields[:0], ""); err != nil {
		return err
	}
	e, err := d.decode(&reader{fields: d.fields, known: d.known[:0], fine: d.fine, opt: &d.opt})
	if err != nil {
		return err
	}
	d.res.Events = append(d.res.Events, e)
	return nil
}

// objectFields appends the fields of the object that the scanner stands at.
func objectFields(s *scanner, fields []field, prefix string) ([]field, error) {
	err := s.members(func(name string, raw []byte) error {
		for i := range fields {
			if fields[i].name == name {
				return plimsoll.FieldErrorf(oneLine(prefix+name, maxName), "given twice; send it once")
			}
		}
		if len(fields) == maxFields {
			return plimsoll.FieldErrorf(oneLine(prefix+name, maxName), "more than %d fields; at most %d are kept", maxFields, maxFields)
		}
		fields = append(fields, field{name: name, raw: raw})
		return nil
	})
	return fields, err
}

// decode makes an event of an object.
func (d *decoder) decode(r *reader) (plimsoll.Event, error) {
	typ := r.typeOf()
	source := r.name("source")
	delivery := r.name("delivery_id")
	occurred := r.time("occurred_at")
	var report any
	var subject string
	var latest plimsoll.Time
	switch typ {
	case plimsoll.TypeDeployment:
		report, subject, latest = r.deployment(&d.res)
	case plimsoll.TypeChange:
		report, subject, latest = r.change()
	case plimsoll.TypePullRequest:
		report, subject, latest = r.pullRequest()
	case plimsoll.TypeIncident:
		report, subject, latest = r.incident()
	case plimsoll.TypeAnalysis:
		report, subject, latest = r.analysis()
	case plimsoll.TypeFlag:
		report, subject, latest = r.flag()
	case plimsoll.TypeService:
		report, subject, latest = r.service()
	}
	d.known = r.known
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
		OccurredAt: occurred.Or(latest), Decoder: Decoder, Body: body,
	}
	e.DeliveryID, e.Index = d.place(source, delivery)
	e.Hash = e.ContentHash()
	// A report without any time of its own, such as a catalogue entry, holds
	// from when it was received; that is no part of its content.
	e.OccurredAt = e.OccurredAt.Or(d.opt.Now)
	return e, nil
}

// place says where in which delivery the next event stands. A delivery that
// the events name themselves counts its own only, so that it may share a body
// with others.
func (d *decoder) place(source, delivery string) (string, int) {
	switch delivery {
	case "", d.opt.DeliveryID:
		if d.opt.DeliveryID == "" {
			return "", 0
		}
		return d.opt.DeliveryID, len(d.res.Events)
	}
	key := source + "\x00" + delivery
	d.named[key]++
	return delivery, d.named[key] - 1
}
