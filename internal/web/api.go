package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/ingest"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/query"
)

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"error":{"code":"internal","message":"internal error"}}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}

// postEvents takes events. It answers only when they are durable.
func (s *Server) postEvents(w http.ResponseWriter, r *http.Request) error {
	encoding := r.Header.Get("Content-Encoding")
	if encoding != "" && encoding != "gzip" && encoding != "identity" {
		return plimsoll.FieldErrorf("Content-Encoding", "%q is not understood; send gzip or plain", encoding)
	}
	if r.ContentLength > ingest.MaxBody {
		return plimsoll.Errorf(plimsoll.CodeTooLarge, "the body is larger than %d MiB; send the events in several requests", ingest.MaxBody>>20)
	}
	body := s.limit.body(w, r)
	defer body.release()
	receipt, err := s.opt.Door.Accept(r.Context(), ingest.Body{
		Reader:      body,
		Hold:        body.hold,
		ContentType: r.Header.Get("Content-Type"),
		Gzip:        encoding == "gzip",
		DeliveryID:  r.Header.Get("Idempotency-Key"),
		By:          actorOf(r),
	})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]int64{
		"accepted": int64(receipt.Accepted), "duplicates": int64(receipt.Duplicates), "position": receipt.Position,
	})
	return nil
}

// asking reads the parameters of a question. A parameter that is not known is
// an error: a filter that is ignored gives a wrong number.
type asking struct {
	values url.Values
	err    error
}

func ask(r *http.Request, names ...string) (*asking, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, plimsoll.Errorf(plimsoll.CodeInvalid, "the query string cannot be read: %v", err)
	}
	for name := range values {
		if !slices.Contains(names, name) {
			return nil, plimsoll.FieldErrorf(name, "unknown parameter; this path takes %s", strings.Join(names, ", "))
		}
		if len(values[name]) > 1 {
			return nil, plimsoll.FieldErrorf(name, "given %d times; give it once", len(values[name]))
		}
	}
	return &asking{values: values}, nil
}

func (a *asking) number(name string) int64 {
	v := a.values.Get(name)
	if v == "" {
		return 0
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < 0 {
		a.err = plimsoll.FieldErrorf(name, "%q; expected a whole number, 0 or greater", v)
	}
	return n
}

// asOf reads the time as of which something is asked; unknown means now.
func (s *Server) asOf(a *asking) (plimsoll.Time, error) {
	t, err := plimsoll.ParseTime(a.values.Get("as_of"))
	if err != nil {
		return 0, plimsoll.FieldErrorf("as_of", "%q; expected RFC 3339 like 2026-04-01T00:00:00Z", a.values.Get("as_of"))
	}
	return t, query.CheckAsOf(t, s.opt.Desk.Now())
}

// askWhen reads the parameters of a path that shows one fact.
func (s *Server) askWhen(r *http.Request) (query.When, error) {
	a, err := ask(r, "min_seq", "as_of")
	if err != nil {
		return query.When{}, err
	}
	when := query.When{MinSeq: a.number("min_seq")}
	if a.err != nil {
		return when, a.err
	}
	when.AsOf, err = s.asOf(a)
	return when, err
}

// askMinSeq reads the one parameter of a path that takes no other.
func askMinSeq(r *http.Request) (int64, error) {
	a, err := ask(r, "min_seq")
	if err != nil {
		return 0, err
	}
	n := a.number("min_seq")
	return n, a.err
}

var scoped = []string{"scope", "environment", "from", "to", "as_of", "min_seq"}

// question reads scope, environment and window.
func (s *Server) question(a *asking) (query.Question, error) {
	q := query.Question{
		Environment: a.values.Get("environment"), Benchmark: a.values.Get("benchmark"), MinSeq: a.number("min_seq"),
	}
	if a.err != nil {
		return q, a.err
	}
	var err error
	if q.Scope, err = plimsoll.ParseScope(a.values.Get("scope")); err != nil {
		return q, err
	}
	if q.AsOf, err = s.asOf(a); err != nil {
		return q, err
	}
	// As of a time, that time is the present, also of now-30d.
	q.Window, err = plimsoll.ParseWindow(a.values.Get("from"), a.values.Get("to"), q.AsOf.Or(s.opt.Desk.Now()), s.opt.Desk.Zone())
	return q, err
}

func (s *Server) getMeasures(w http.ResponseWriter, r *http.Request) error {
	a, err := ask(r, append([]string{"benchmark"}, scoped...)...)
	if err != nil {
		return err
	}
	q, err := s.question(a)
	if err != nil {
		return err
	}
	m, err := s.opt.Desk.Measures(r.Context(), q)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, m)
	return nil
}

// getLate names what was learnt of a window since a time.
func (s *Server) getLate(w http.ResponseWriter, r *http.Request) error {
	a, err := ask(r, append([]string{"benchmark", "until"}, scoped...)...)
	if err != nil {
		return err
	}
	q, err := s.question(a)
	if err != nil {
		return err
	}
	until, err := plimsoll.ParseTime(a.values.Get("until"))
	if err != nil {
		return plimsoll.FieldErrorf("until", "%q; expected RFC 3339 like 2026-04-01T00:00:00Z", a.values.Get("until"))
	}
	out, err := s.opt.Desk.Late(r.Context(), q, until)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (s *Server) getSeries(w http.ResponseWriter, r *http.Request) error {
	a, err := ask(r, append([]string{"measure", "bucket"}, scoped...)...)
	if err != nil {
		return err
	}
	q, err := s.question(a)
	if err != nil {
		return err
	}
	unit := metric.Unit(a.values.Get("bucket"))
	if unit == "" {
		unit = metric.Day
	}
	out, err := s.opt.Desk.Series(r.Context(), q, metric.Measure(a.values.Get("measure")), unit)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

// list reads the parameters of a list: all time unless a window is given.
func (s *Server) list(r *http.Request, more ...string) (*asking, query.Question, query.PageAsk, error) {
	var page query.PageAsk
	a, err := ask(r, append(append([]string{"limit", "cursor", "service", "team"}, scoped...), more...)...)
	if err != nil {
		return nil, query.Question{}, page, err
	}
	if a.values.Get("from") == "" {
		a.values.Set("from", "1971-01-01T00:00:00Z")
	}
	if a.values.Get("to") == "" {
		// What a sender's clock puts a little ahead of ours is listed too.
		asOf, err := s.asOf(a)
		if err != nil {
			return nil, query.Question{}, page, err
		}
		a.values.Set("to", asOf.Or(s.opt.Desk.Now()).Add(2*60*60*1e9).String())
	}
	for _, kind := range []string{"service", "team"} {
		if name := a.values.Get(kind); name != "" {
			if a.values.Get("scope") != "" {
				return nil, query.Question{}, page, plimsoll.FieldErrorf(kind, "contradicts scope; give one of them")
			}
			a.values.Set("scope", kind+":"+name)
		}
	}
	q, err := s.question(a)
	page = query.PageAsk{Limit: int(min(a.number("limit"), 1<<30)), Cursor: a.values.Get("cursor")}
	if a.values.Get("limit") != "" && page.Limit == 0 && a.err == nil {
		a.err = plimsoll.FieldErrorf("limit", "0 shows nothing; expected 1 or more")
	}
	if err == nil {
		err = a.err
	}
	return a, q, page, err
}

func (s *Server) getDeployments(w http.ResponseWriter, r *http.Request) error {
	_, q, page, err := s.list(r)
	if err != nil {
		return err
	}
	out, err := s.opt.Desk.Deployments(r.Context(), q, page)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (s *Server) getDeployment(w http.ResponseWriter, r *http.Request) error {
	when, err := s.askWhen(r)
	if err != nil {
		return err
	}
	out, at, err := s.opt.Desk.Deployment(r.Context(), r.PathValue("id"), when)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, struct {
		query.Deployment
		query.Read
	}{out, at})
	return nil
}

func (s *Server) getIncidents(w http.ResponseWriter, r *http.Request) error {
	_, q, page, err := s.list(r)
	if err != nil {
		return err
	}
	out, err := s.opt.Desk.Incidents(r.Context(), q, page)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (s *Server) getIncident(w http.ResponseWriter, r *http.Request) error {
	when, err := s.askWhen(r)
	if err != nil {
		return err
	}
	out, at, err := s.opt.Desk.Incident(r.Context(), r.PathValue("id"), when)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, struct {
		query.Incident
		query.Read
	}{out, at})
	return nil
}

func (s *Server) getChanges(w http.ResponseWriter, r *http.Request) error {
	a, q, page, err := s.list(r, "open")
	if err != nil {
		return err
	}
	open := a.values.Get("open")
	if open != "" && open != "true" && open != "false" {
		return plimsoll.FieldErrorf("open", "%q; expected true or false", open)
	}
	out, err := s.opt.Desk.Changes(r.Context(), q, open == "true", page)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (s *Server) getServices(w http.ResponseWriter, r *http.Request) error {
	minSeq, err := askMinSeq(r)
	if err != nil {
		return err
	}
	out, err := s.opt.Desk.Services(r.Context(), minSeq)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (s *Server) getTeams(w http.ResponseWriter, r *http.Request) error {
	minSeq, err := askMinSeq(r)
	if err != nil {
		return err
	}
	out, err := s.opt.Desk.Teams(r.Context(), minSeq)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}
