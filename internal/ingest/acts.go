package ingest

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/source/native"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// sourceOwn is the source of acts of Plimsoll's own: what was done through its
// endpoints, and what it found out itself. Nobody can report them from outside.
const sourceOwn = "plimsoll"

// The bounds of what a person says.
const (
	maxReason = 2000 // characters
	maxActor  = 200
	ahead     = time.Hour // how far a clock may be ahead of ours
)

// Confirm records a person's word on a piece of evidence, and returns when it
// is durable. c.Evidence, Deployment, Kind and Cause name evidence that exists
// or existed. Whose word it is, the token says: c.Actor may repeat that name,
// and is believed only of who needs no token. It is kept as a reference. at is
// when the word was given, unknown for now; the same word given at the same
// time again is recognised.
func (d *Door) Confirm(ctx context.Context, by plimsoll.Actor, c plimsoll.ConfirmationReport, at plimsoll.Time) (store.Receipt, error) {
	var err error
	if c.Says != plimsoll.EvidenceConfirmed && c.Says != plimsoll.EvidenceRejected {
		return store.Receipt{}, plimsoll.FieldErrorf("says", "%q; expected %s or %s", c.Says, plimsoll.EvidenceConfirmed, plimsoll.EvidenceRejected)
	}
	if c.Reason, err = plain("reason", c.Reason, maxReason); err != nil {
		return store.Receipt{}, err
	}
	if c.Reason == "" {
		return store.Receipt{}, plimsoll.FieldErrorf("reason", "missing; say why, so that others can follow it")
	}
	if c.Actor, err = plain("actor", c.Actor, maxActor); err != nil {
		return store.Receipt{}, err
	}
	now := plimsoll.TimeOf(d.now())
	if at > now.Add(ahead) {
		return store.Receipt{}, plimsoll.FieldErrorf("at", "%s lies in the future (it is %s here)", at, now)
	}
	if by.Kind != plimsoll.ActorLocal {
		if c.Actor != "" && c.Actor != by.Name {
			return store.Receipt{}, plimsoll.FieldErrorf("actor", "%q; the token says that you are %s, so leave it out", c.Actor, by.Name)
		}
		c.Actor = by.Name
	}
	people := map[string]string{}
	if c.Actor != "" {
		ref := d.Pseudonym("person", c.Actor)
		people[ref], c.Actor = c.Actor, ref
	}
	e, err := ownAct(plimsoll.TypeConfirmation, c.Evidence, at.Or(now), c)
	if err != nil {
		return store.Receipt{}, err
	}
	e.Actor = d.sign(by, people)
	return d.append(ctx, store.Delivery{Source: sourceOwn, Outcome: "decoded", Events: []plimsoll.Event{e}, People: people})
}

// Judge records verdicts on deployments, and returns when they are durable. A
// verdict on the same deployment and indicator takes the place of an earlier
// one.
func (d *Door) Judge(ctx context.Context, by plimsoll.Actor, verdicts ...plimsoll.VerdictReport) (store.Receipt, error) {
	var events []plimsoll.Event
	people := map[string]string{}
	for i, v := range verdicts {
		if err := checkVerdict(v, plimsoll.TimeOf(d.now())); err != nil {
			return store.Receipt{}, err.At(i)
		}
		e, err := ownAct(plimsoll.TypeVerdict, v.Deployment+" "+v.Indicator, v.At, v)
		if err != nil {
			return store.Receipt{}, err
		}
		e.Actor = d.sign(by, people)
		events = append(events, e)
	}
	return d.append(ctx, store.Delivery{Source: sourceOwn, Outcome: "decoded", Events: events, People: people})
}

// sign returns how an actor stands in the log: a service by its name, a person
// by a reference, whose name goes into people and can be erased.
func (d *Door) sign(by plimsoll.Actor, people map[string]string) string {
	if by.Kind != plimsoll.ActorPerson {
		return by.Name
	}
	ref := d.Pseudonym("person", by.Name)
	people[ref] = by.Name
	return ref
}

// ownAct makes an event of an act of our own.
func ownAct(typ plimsoll.Type, subject string, at plimsoll.Time, report any) (plimsoll.Event, error) {
	body, err := json.Marshal(report)
	if err != nil {
		return plimsoll.Event{}, err
	}
	e := plimsoll.Event{
		Type: typ, SchemaVersion: plimsoll.SchemaVersion, Subject: subject, Source: sourceOwn,
		OccurredAt: at, Decoder: native.Decoder, Body: body,
	}
	e.Hash = e.ContentHash()
	return e, nil
}

// plain checks a text that a person wrote.
func plain(field, s string, most int) (string, error) {
	s = strings.TrimSpace(s)
	switch n := utf8.RuneCountInString(s); {
	case !utf8.ValidString(s):
		return "", plimsoll.FieldErrorf(field, "not UTF-8; send plain text")
	case n > most:
		return "", plimsoll.FieldErrorf(field, "%d characters; at most %d are kept", n, most)
	}
	if i := strings.IndexFunc(s, unicode.IsControl); i >= 0 {
		c, _ := utf8.DecodeRuneInString(s[i:])
		return "", plimsoll.FieldErrorf(field, "control character %q; send plain text on one line", c)
	}
	return s, nil
}

// checkVerdict refuses a verdict that cannot be meant.
func checkVerdict(v plimsoll.VerdictReport, now plimsoll.Time) *plimsoll.Error {
	for _, f := range []struct{ name, value string }{{"deployment", v.Deployment}, {"indicator", v.Indicator}, {"method", v.Method}} {
		s, err := plain(f.name, f.value, maxActor)
		if err != nil {
			return plimsoll.FieldErrorf(f.name, "%s", plimsoll.PublicMessage(err))
		}
		if s == "" || s != f.value {
			return plimsoll.FieldErrorf(f.name, "%q; expected a name without spaces around it", f.value)
		}
	}
	if !slices.Contains(plimsoll.Verdicts, v.Verdict) {
		return plimsoll.FieldErrorf("verdict", "%q is unknown; expected one of %v", v.Verdict, plimsoll.Verdicts)
	}
	for name, p := range map[string]*float64{"q": v.Q, "p": v.P} {
		if p != nil && !(*p >= 0 && *p <= 1) {
			return plimsoll.FieldErrorf(name, "%v; expected a probability from 0 to 1", *p)
		}
	}
	switch {
	case v.RateRatio != nil && !(*v.RateRatio >= 0 && !math.IsInf(*v.RateRatio, 0)):
		return plimsoll.FieldErrorf("rate_ratio", "%v; expected a ratio of at least 0", *v.RateRatio)
	case v.CI != nil && !(v.CI[0] >= 0 && v.CI[0] <= v.CI[1] && !math.IsInf(v.CI[1], 0)):
		return plimsoll.FieldErrorf("ci", "%v; expected two ratios in order", *v.CI)
	case !v.At.Known():
		return plimsoll.FieldErrorf("at", "missing; a verdict is closed at a time")
	case v.At > now.Add(ahead):
		return plimsoll.FieldErrorf("at", "%s lies in the future (it is %s here)", v.At, now)
	}
	return nil
}
