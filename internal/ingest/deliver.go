package ingest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/source"
	"github.com/plimsoll-dev/plimsoll/internal/source/native"
	"github.com/plimsoll-dev/plimsoll/internal/source/vendors"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// MaxDelivery is the greatest size of a delivery of a vendor's tool, before and
// after decompression: what GitHub may send.
const MaxDelivery = 25 << 20

// Hook is a tool whose deliveries are taken.
type Hook struct {
	Secrets  []string       // any of which may have signed, so that they can change
	Unsigned bool           // anybody may deliver; said in words by who runs this
	Options  source.Options // what a delivery means
}

// hooks are the tools whose deliveries are taken, by key: the kind, or kind/name.
type hooks struct {
	by        map[string]Hook
	catalogue []plimsoll.ServiceReport // as configured

	large chan struct{} // holds one while a large body is taken apart

	mu   sync.Mutex
	all  []plimsoll.ServiceReport // with what was reported
	read time.Time
}

// Outcome is what became of a delivery.
type Outcome struct {
	Outcome string `json:"outcome"`          // decoded, ignored, undecodable or duplicate
	Reason  string `json:"reason,omitempty"` // why it was not decoded

	Accepted   int   `json:"accepted"`
	Duplicates int   `json:"duplicates"`
	Position   int64 `json:"position,omitempty"`
}

// What becomes of a delivery. All but a duplicate are kept.
const (
	OutcomeDecoded     = "decoded"
	OutcomeIgnored     = "ignored"
	OutcomeUndecodable = "undecodable"
	OutcomeDuplicate   = "duplicate"
)

// Listen takes deliveries of these tools, by key, from now on; catalogue says
// which repository is which service, besides what was reported. Call it before
// the first delivery. An unknown kind, or options that cannot be meant, are
// refused.
func (d *Door) Listen(by map[string]Hook, catalogue []plimsoll.ServiceReport) error {
	for key, h := range by {
		if _, err := CheckHook(key, h); err != nil {
			return err
		}
	}
	d.hooks.by, d.hooks.catalogue = by, catalogue
	return nil
}

// CheckHook returns the kind of tool that a key of the configuration names, or
// says what is wrong with what stands there.
func CheckHook(key string, h Hook) (source.Source, error) {
	kind, name, named := strings.Cut(key, "/")
	s, ok := vendors.ByName(kind)
	switch {
	case !ok:
		hint := "; known are " + strings.Join(vendors.Names(), ", ")
		if near := plimsoll.Nearest(kind, vendors.Names()); near != "" {
			hint = "; did you mean " + near + "?"
		}
		return s, plimsoll.FieldErrorf(key, "no such source%s", hint)
	case named && (name == "" || strings.Contains(name, "/")):
		return s, plimsoll.FieldErrorf(key, "expected KIND or KIND/NAME")
	case h.Unsigned && len(h.Secrets) > 0:
		return s, plimsoll.FieldErrorf(key, "has a secret and is unsigned; leave out one of them")
	}
	if s.Check != nil {
		if err := s.Check(&h.Options); err != nil {
			return s, plimsoll.FieldErrorf(key, "%v", err)
		}
	}
	return s, nil
}

// hook finds a tool by its path.
func (d *Door) hook(kind, name string) (key string, s source.Source, h Hook, err error) {
	s, ok := vendors.ByName(kind)
	if !ok {
		return "", s, h, plimsoll.Errorf(plimsoll.CodeNotFound, "no such source; known are %s", strings.Join(vendors.Names(), ", "))
	}
	key = kind
	if name != "" {
		key += "/" + name
	}
	if h, ok = d.hooks.by[key]; !ok {
		what := "with this name "
		if name == "" {
			what = ""
		}
		return "", s, h, plimsoll.Errorf(plimsoll.CodeNotFound, "%s %sis not configured; add it under sources: in the configuration file, see docs/integrations.md", kind, what)
	}
	return key, s, h, nil
}

// OpenTo says how the deliveries at a path are let in: by their own signature
// (true), or as any other report is, by who sends them. An error says that
// nothing is taken there.
func (d *Door) OpenTo(kind, name string) (bool, error) {
	_, _, h, err := d.hook(kind, name)
	return err == nil && (h.Unsigned || len(h.Secrets) > 0), err
}

// original is how the body of a delivery is kept.
type original struct {
	Decoder string          `json:"decoder"`
	At      plimsoll.Time   `json:"received_at"`
	Reason  string          `json:"reason,omitempty"` // why it was not decoded
	Header  http.Header     `json:"header,omitempty"` // what decoding needs of it
	Body    json.RawMessage `json:"body,omitempty"`
	Text    string          `json:"text,omitempty"` // the beginning of what is no JSON
}

// mostForeign is how much is kept of a body that is no JSON, in bytes.
const mostForeign = 16 << 10

// largeBody is from which size on bodies are taken apart one at a time: what
// they become in memory is some ten times as large. Most are a thousandth of it.
const largeBody = 1 << 20

// Deliver takes a delivery of a vendor's tool, and returns when it is durable.
// What is of no interest is kept too, and what cannot be decoded, to be decoded
// when a later version can. On any error nothing is stored.
func (d *Door) Deliver(ctx context.Context, kind, name string, header http.Header, b Body) (out Outcome, err error) {
	key, s, h, err := d.hook(kind, name)
	if err != nil {
		return Outcome{}, err
	}
	if d.watch != nil {
		var told func(string, store.Receipt, error)
		ctx, told = d.watch(ctx, key)
		defer func() {
			r := store.Receipt{Accepted: out.Accepted, Duplicates: out.Duplicates, Position: out.Position}
			outcome := out.Outcome
			if err != nil || outcome == OutcomeDecoded {
				outcome = outcomeOf(ctx, r, err)
			}
			told(outcome, r, err)
		}()
	}
	b.most = MaxDelivery
	compressed := b.Gzip
	b.Gzip = false
	raw, err := readAll(b)
	if err != nil {
		return Outcome{}, err
	}
	now := plimsoll.TimeOf(d.now())
	if len(h.Secrets) > 0 && !s.Verify(h.Secrets, header, raw, now) {
		return Outcome{}, plimsoll.Errorf(plimsoll.CodeUnauthorized, "the signature of the delivery is missing or wrong; compare the secret at %s with the one configured for %s", kind, key)
	}
	size := len(raw)
	if compressed {
		if raw, err = readAll(Body{Reader: bytes.NewReader(raw), Gzip: true, Hold: b.Hold, most: MaxDelivery}); err != nil {
			return Outcome{}, err
		}
	}
	if len(raw) > largeBody {
		select {
		case d.hooks.large <- struct{}{}:
			defer func() { <-d.hooks.large }()
		case <-ctx.Done():
			return Outcome{}, ctx.Err()
		}
	}
	raw = unform(header, raw)

	kept := original{Decoder: s.Decoder, At: now, Header: s.Kept(header)}
	scrubbed, reason := s.Persons.Scrub(raw, d.Pseudonym)
	if reason == nil {
		kept.Body = scrubbed.Body
	} else {
		kept.Text = source.ScrubText(strings.ToValidUTF8(string(raw[:min(len(raw), mostForeign)]), "\ufffd"))
	}
	id := s.ID(header)
	if id != "" {
		if again, err := d.again(ctx, key, id, kept); err != nil || again {
			return Outcome{Outcome: OutcomeDuplicate}, err
		}
	}
	todo := store.Delivery{Source: key, DeliveryID: id, ContentType: source.Text(header.Get("Content-Type")), Size: size, Outcome: OutcomeUndecodable}
	if reason == nil {
		todo.Outcome, todo.Events, reason, err = d.decode(ctx, s, h, kept)
		if err != nil {
			return Outcome{}, err
		}
	}
	if err := d.answersFor(ctx, b.By, todo.Events); err != nil {
		return Outcome{}, err
	}
	if todo.People, err = deployers(todo.Events, scrubbed.Names); err != nil {
		return Outcome{}, err
	}
	if b.By.Token != "" {
		actor := d.sign(b.By, todo.People)
		for i := range todo.Events {
			todo.Events[i].Actor = actor
		}
	}
	if reason != nil {
		kept.Reason = source.ScrubText(source.Text(reason.Error()))
	}
	if todo.Body, err = json.Marshal(kept); err != nil {
		return Outcome{}, err
	}
	r, err := d.org.Append(ctx, todo)
	return Outcome{Outcome: todo.Outcome, Reason: kept.Reason, Accepted: r.Accepted, Duplicates: r.Duplicates, Position: r.Position}, err
}

// unform returns the JSON of a delivery that came as a form, as GitHub sends it
// when nobody chose otherwise.
func unform(header http.Header, raw []byte) []byte {
	if typ, _, err := mime.ParseMediaType(header.Get("Content-Type")); err != nil || typ != "application/x-www-form-urlencoded" {
		return raw
	}
	form, err := url.ParseQuery(string(raw))
	if err != nil || form.Get("payload") == "" {
		return raw
	}
	return []byte(form.Get("payload"))
}

// again reports whether a delivery was taken before: the same name, the same
// content, by the same decoder.
func (d *Door) again(ctx context.Context, key, id string, kept original) (again bool, err error) {
	err = d.org.View(ctx, func(tx *store.Tx) error {
		k, ok, err := tx.KeptNamed(key, id)
		if err != nil || !ok {
			return err
		}
		var was original
		if err := json.Unmarshal(k.Body, &was); err != nil {
			return err
		}
		again = was.Decoder == kept.Decoder && bytes.Equal(was.Body, kept.Body) && was.Text == kept.Text
		return nil
	})
	return again, err
}

// decode makes events of what is kept of a delivery, or says why there are none.
// err is trouble of our own.
func (d *Door) decode(ctx context.Context, s source.Source, h Hook, kept original) (outcome string, events []plimsoll.Event, reason, err error) {
	catalogue, err := d.catalogue(ctx)
	if err != nil {
		return "", nil, nil, err
	}
	reports, reason := s.Decode(source.Delivery{Header: kept.Header, Body: kept.Body, ReceivedAt: kept.At, Options: &h.Options, Catalogue: catalogue})
	switch {
	case source.IsIgnored(reason):
		return OutcomeIgnored, nil, reason, nil
	case reason != nil:
		return OutcomeUndecodable, nil, reason, nil
	case len(reports) == 0:
		return OutcomeIgnored, nil, source.Ignored("nothing in it is of interest"), nil
	}
	for _, r := range reports {
		r["source"] = s.Name
		r.Clean()
	}
	body, err := json.Marshal(reports)
	if err != nil {
		return OutcomeUndecodable, nil, err, nil
	}
	res, reason := native.Decode(body, native.Options{Now: kept.At, Pseudonym: d.Pseudonym})
	if reason != nil {
		return OutcomeUndecodable, nil, reason, nil
	}
	for i := range res.Events {
		res.Events[i].Decoder = s.Decoder
	}
	return OutcomeDecoded, res.Events, nil, nil
}

// deployers are the persons that the events refer to.
func deployers(events []plimsoll.Event, names map[string]string) (map[string]string, error) {
	people := map[string]string{}
	for _, e := range events {
		if e.Type != plimsoll.TypeDeployment {
			continue
		}
		var r struct {
			Deployer string `json:"deployer"`
		}
		if err := json.Unmarshal(e.Body, &r); err != nil {
			return nil, err
		}
		if name := names[r.Deployer]; name != "" {
			people[r.Deployer] = name
		}
	}
	return people, nil
}

// catalogueAge is how old the reported part of the catalogue may be.
const catalogueAge = time.Second

// catalogue is what is known of services: first what is configured.
func (d *Door) catalogue(ctx context.Context) ([]plimsoll.ServiceReport, error) {
	h := &d.hooks
	h.mu.Lock()
	defer h.mu.Unlock()
	if now := d.now(); h.all == nil || now.Sub(h.read) > catalogueAge || now.Before(h.read) {
		all := slices.Clone(h.catalogue)
		err := d.org.View(ctx, func(tx *store.Tx) error {
			reported, err := tx.Services()
			for _, s := range reported {
				if !slices.ContainsFunc(h.catalogue, func(c plimsoll.ServiceReport) bool { return c.Name == s.Name }) {
					all = append(all, s)
				}
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		slices.SortStableFunc(all, func(a, b plimsoll.ServiceReport) int { return cmp.Compare(a.Name, b.Name) })
		h.all, h.read = all, now
	}
	return h.all, nil
}
