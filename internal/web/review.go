package web

import (
	"net/http"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/query"
)

// reviewed reads a question with more parameters, and a window that reaches
// back further than that of other questions if none is given.
func (s *Server) reviewed(r *http.Request, back string, more ...string) (*asking, query.Question, error) {
	a, err := ask(r, append(more, scoped...)...)
	if err != nil {
		return nil, query.Question{}, err
	}
	if a.values.Get("from") == "" {
		a.values.Set("from", back)
	}
	q, err := s.question(a)
	return a, q, err
}

func (s *Server) getBaseline(w http.ResponseWriter, r *http.Request) error {
	a, q, err := s.reviewed(r, "now-90d", "measure")
	if err != nil {
		return err
	}
	out, err := s.opt.Desk.Baseline(r.Context(), q, metric.Measure(a.values.Get("measure")))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (s *Server) getCompare(w http.ResponseWriter, r *http.Request) error {
	a, q, err := s.reviewed(r, "now-30d", "earlier_from", "earlier_to")
	if err != nil {
		return err
	}
	var earlier plimsoll.Window
	if from, to := a.values.Get("earlier_from"), a.values.Get("earlier_to"); from != "" || to != "" {
		now, zone := s.opt.Desk.Now(), s.opt.Desk.Zone()
		if earlier.From, err = plimsoll.ParseMoment("earlier_from", from, now, zone); err != nil {
			return err
		}
		if earlier.To, err = plimsoll.ParseMoment("earlier_to", to, now, zone); err != nil {
			return err
		}
		if earlier.From >= earlier.To {
			return plimsoll.FieldErrorf("earlier_from", "%s is not before earlier_to (%s)", from, to)
		}
	}
	out, err := s.opt.Desk.Compare(r.Context(), q, earlier)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (s *Server) getTrend(w http.ResponseWriter, r *http.Request) error {
	a, q, err := s.reviewed(r, "now-26w", "measure")
	if err != nil {
		return err
	}
	out, err := s.opt.Desk.Trend(r.Context(), q, metric.Measure(a.values.Get("measure")))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (s *Server) getGamingSigns(w http.ResponseWriter, r *http.Request) error {
	_, q, err := s.reviewed(r, "now-90d")
	if err != nil {
		return err
	}
	out, err := s.opt.Desk.GamingSigns(r.Context(), q)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (s *Server) getBottleneck(w http.ResponseWriter, r *http.Request) error {
	_, q, err := s.reviewed(r, "now-90d")
	if err != nil {
		return err
	}
	out, err := s.opt.Desk.Bottleneck(r.Context(), q)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

// The spans that the current value of a target may reach back.
const (
	leastSpan = 7 * 24 * time.Hour
	mostSpan  = 366 * 24 * time.Hour
)

func (s *Server) getTargets(w http.ResponseWriter, r *http.Request) error {
	a, err := ask(r, "scope", "span", "min_seq")
	if err != nil {
		return err
	}
	minSeq, scope, span := a.number("min_seq"), a.values.Get("scope"), query.TargetSpan
	if a.err != nil {
		return a.err
	}
	if scope != "" {
		if _, err := plimsoll.ParseScope(scope); err != nil {
			return err
		}
	}
	if text := a.values.Get("span"); text != "" {
		var ok bool
		if span, ok = plimsoll.ParseSpan(text); !ok || span < leastSpan || span > mostSpan {
			return plimsoll.FieldErrorf("span", "%q; expected 7d to 366d, like 90d", text)
		}
	}
	out, err := s.opt.Desk.Targets(r.Context(), scope, span, minSeq)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

// targetBody is a target as it is sent: moments may be dates, or now-90d.
type targetBody struct {
	ID          string `json:"id"`
	Scope       string `json:"scope"`
	Environment string `json:"environment"`
	Measure     string `json:"measure"`
	Note        string `json:"note"`
	Dropped     *bool  `json:"dropped"`
	Baseline    *struct {
		From string `json:"from"`
		To   string `json:"to"`
	} `json:"baseline"`
	Goals []struct {
		At    string   `json:"at"`
		Value *float64 `json:"value"`
	} `json:"goals"`
}

// postTarget sets a target, or drops one. It answers only when that is durable.
func (s *Server) postTarget(w http.ResponseWriter, r *http.Request) error {
	if _, err := ask(r); err != nil {
		return err
	}
	var body targetBody
	if err := readJSON(w, r, &body, "a target has id, scope, environment, measure, baseline, goals, note and dropped"); err != nil {
		return err
	}
	t, err := s.targetOf(body)
	if err != nil {
		return err
	}
	if t.Dropped != nil && *t.Dropped {
		if err := s.opt.Desk.HasTarget(r.Context(), t.ID); err != nil {
			return err
		}
	}
	receipt, err := s.opt.Door.SetTarget(r.Context(), actorOf(r), t)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, struct {
		ID       string `json:"id"`
		Position int64  `json:"position"`
	}{t.ID, receipt.Position})
	return nil
}

func (s *Server) targetOf(b targetBody) (plimsoll.TargetReport, error) {
	t := plimsoll.TargetReport{ID: b.ID, Environment: b.Environment, Measure: b.Measure, Note: b.Note, Dropped: b.Dropped}
	if b.Dropped != nil && *b.Dropped {
		if b.ID == "" || b.Baseline != nil || b.Goals != nil || b.Measure != "" {
			return t, plimsoll.FieldErrorf("dropped", "a target is dropped by its id and nothing else")
		}
		return t, nil
	}
	scope, err := plimsoll.ParseScope(b.Scope)
	if err != nil {
		return t, err
	}
	t.Scope = scope.String()
	if t.ID == "" {
		t.ID = t.Scope + "/" + t.Measure
	}
	if t.Dropped == nil {
		t.Dropped = new(bool) // a target that is set again is no longer dropped
	}
	now, zone := s.opt.Desk.Now(), s.opt.Desk.Zone()
	if b.Baseline != nil {
		w, err := plimsoll.ParseWindow(b.Baseline.From, b.Baseline.To, now, zone)
		if err != nil {
			return t, err
		}
		t.BaselineFrom, t.BaselineTo = w.From, w.To
	}
	for _, g := range b.Goals {
		if g.Value == nil {
			return t, plimsoll.FieldErrorf("goals", "one has no value")
		}
		at, err := plimsoll.ParseMoment("goals", g.At, now, zone)
		if err != nil {
			return t, err
		}
		t.Goals = append(t.Goals, plimsoll.Goal{At: at, Value: *g.Value})
	}
	return t, query.CheckTarget(t)
}
