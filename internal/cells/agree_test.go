package cells_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/cells"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/query"
	"github.com/plimsoll-dev/plimsoll/internal/store"
	"github.com/plimsoll-dev/plimsoll/internal/store/storetest"
)

// house is an invented organisation whose facts change at random.
type house struct {
	t         *testing.T
	r         *rand.Rand
	db        *store.DB
	org       *store.Org
	whole     bool // all times are whole seconds
	services  []*home
	incidents map[string]plimsoll.Incident
	seq       int64
}

type home struct {
	name, team  string
	deployments []plimsoll.Deployment
	leads       []plimsoll.Delivery
	evidence    []plimsoll.Evidence
	failures    []plimsoll.Failure
	analyses    []plimsoll.Analysis
}

var houseEnd = time.Date(2026, 4, 20, 15, 30, 0, 0, time.UTC)

const houseDays = 420

func newHouse(t *testing.T, seed uint64) *house {
	dir := t.TempDir()
	db, err := store.Open(t.Context(), store.Options{Dir: dir, Database: storetest.For(t, dir), Now: func() time.Time { return houseEnd }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	org, err := db.Org(t.Context(), "default")
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, r: rand.New(rand.NewPCG(seed, 77)), db: db, org: org, incidents: map[string]plimsoll.Incident{}}
	h.whole = h.r.IntN(2) == 0
	for i := range 1 + h.r.IntN(5) {
		h.services = append(h.services, &home{name: fmt.Sprintf("service-%d", i), team: h.teamName()})
	}
	return h
}

func (h *house) teamName() string { return fmt.Sprintf("team-%d", h.r.IntN(3)) }

// moment is some time of the record, now and then at the edge of a day somewhere.
func (h *house) moment() plimsoll.Time {
	at := plimsoll.TimeOf(houseEnd) - plimsoll.Time(h.r.Int64N(houseDays*24*3600e6))
	switch h.r.IntN(12) {
	case 0:
		at -= at % 86400e6
	case 1:
		at -= at%86400e6 + 1
	case 2:
		at -= at % 86400e6
		at -= 7200e6 // midnight in Berlin, in summer
	}
	if h.r.IntN(60) == 0 {
		at -= 20 * 365 * 86400e6
	}
	if h.whole {
		at -= at % 1e6
	}
	return at
}

func (h *house) deployment(s *home) plimsoll.Deployment {
	end := h.moment()
	if h.r.IntN(3) == 0 {
		end = plimsoll.TimeOf(houseEnd) - plimsoll.Time(h.r.Int64N(72*3600))*1e6
	}
	d := plimsoll.Deployment{DeploymentReport: plimsoll.DeploymentReport{
		ID: fmt.Sprintf("%s-%x", s.name, h.r.Uint64()), Service: s.name, Team: s.team, Environment: "production",
		StartedAt: end - plimsoll.Time(h.r.Int64N(900))*1e6, FinishedAt: end,
		Kind: plimsoll.Kinds[h.r.IntN(len(plimsoll.Kinds))], Result: plimsoll.ResultSuccess,
	}, Production: true, Coverage: plimsoll.CoverageGraph}
	if h.r.IntN(4) == 0 {
		d.Result = plimsoll.Results[h.r.IntN(len(plimsoll.Results))]
	}
	if h.r.IntN(8) == 0 {
		d.Team = h.teamName()
	}
	if h.r.IntN(8) == 0 {
		d.Environment, d.Production = "staging", false
	}
	if h.r.IntN(3) > 0 {
		d.CommitSHA = "abc"
	} else {
		d.Coverage = plimsoll.CoverageNone
	}
	if h.r.IntN(8) == 0 {
		d.Coverage = plimsoll.CoverageFirst
	}
	if h.r.IntN(10) == 0 {
		planned := true
		d.Planned = &planned
	}
	d.Counted = d.Production && d.Result != plimsoll.ResultCanceled && d.Kind != plimsoll.KindRedeploy
	d.Judged = d.Counted && d.Kind != plimsoll.KindRollback
	if h.r.IntN(2) == 0 {
		d.OldestAt = end - plimsoll.Time(h.r.Int64N(9*86400))*1e6
		if h.r.IntN(20) == 0 {
			d.OldestAt = end + 5e6
		}
	}
	if h.r.IntN(20) == 0 {
		d.Fixes = "some incident"
	}
	h.detail(&d)
	return d
}

func (h *house) lead(s *home, d plimsoll.Deployment, basis plimsoll.Basis) plimsoll.Delivery {
	at := d.FinishedAt
	l := plimsoll.Delivery{
		Service: s.name, Basis: basis, Repository: "r", Key: fmt.Sprintf("%x", h.r.Uint64()), Team: d.Team,
		StartAt: at - plimsoll.Time(h.r.ExpFloat64()*40*3600)*1e6, DeliveredAt: at, Deployment: d.ID,
	}
	if !h.whole {
		l.StartAt -= plimsoll.Time(h.r.Int64N(1e6))
	}
	l.CommittedAt = l.StartAt + 3600e6
	h.stamp(&l, d)
	switch h.r.IntN(25) {
	case 0, 1:
		l.DeliveredAt, l.Deployment = 0, ""
	case 2:
		l.StartAt = at + plimsoll.Time(1+h.r.Int64N(3*86400))*1e6
	case 3:
		l.StartAt = 0
	case 4:
		l.StartAt, l.CommittedAt = 0, 0
	case 5:
		l.StartAt -= 400 * 86400e6
	}
	return l
}

// change makes a service look different: a little, or all of it.
func (h *house) change() {
	s := h.services[h.r.IntN(len(h.services))]
	if len(s.deployments) > 0 && h.r.IntN(3) == 0 {
		h.restate(s)
		h.put(s)
		return
	}
	rounds := 1 + h.r.IntN(3)
	if len(s.deployments) == 0 || h.r.IntN(6) == 0 {
		rounds = h.r.IntN(120)
	}
	for range rounds {
		if n := len(s.deployments); n > 0 && h.r.IntN(4) == 0 {
			i := h.r.IntN(n)
			s.deployments[i] = s.deployments[n-1]
			s.deployments = s.deployments[:n-1]
		}
		d := h.deployment(s)
		s.deployments = append(s.deployments, d)
		for range h.r.IntN(4) {
			s.leads = append(s.leads, h.lead(s, d, plimsoll.BasisChange))
		}
		if h.r.IntN(2) == 0 {
			s.leads = append(s.leads, h.lead(s, d, plimsoll.BasisPullRequest))
		}
		if n := len(s.leads); n > 0 && h.r.IntN(3) == 0 {
			i := h.r.IntN(n)
			switch l := &s.leads[i]; {
			case h.r.IntN(2) == 0:
				s.leads[i] = s.leads[n-1]
				s.leads = s.leads[:n-1]
			case l.DeliveredAt == 0:
				l.DeliveredAt = d.FinishedAt
			default:
				l.DeliveredAt = 0
			}
		}
	}
	for range h.r.IntN(3) {
		if n := len(s.deployments); n > 0 {
			d := s.deployments[h.r.IntN(n)]
			kinds := []plimsoll.EvidenceKind{plimsoll.EvidenceRollback, plimsoll.EvidenceHotfix, plimsoll.EvidenceIncident, "impact"}
			s.evidence = append(s.evidence, plimsoll.Evidence{
				ID: fmt.Sprintf("e%x", h.r.Uint64()), Deployment: d.ID, Service: s.name, Kind: kinds[h.r.IntN(4)], At: h.moment(), Accepted: h.r.IntN(3) > 0,
			})
			h.look(&s.evidence[len(s.evidence)-1])
		}
	}
	if n := len(s.evidence); n > 0 && h.r.IntN(3) == 0 {
		s.evidence = s.evidence[:n-1]
	}
	f := plimsoll.Failure{ID: fmt.Sprintf("f%x", h.r.Uint64()), Service: s.name, Team: s.team, FailedAt: h.moment(), Severity: []string{"", "minor", "major"}[h.r.IntN(3)]}
	if h.r.IntN(5) > 0 {
		f.RestoredAt = f.FailedAt + plimsoll.Time(h.r.Int64N(5*3600)-60)*1e6
	}
	h.repair(&f)
	s.failures = append(s.failures, f)
	h.analyze(s)
	if h.r.IntN(3) == 0 {
		s.failures = s.failures[h.r.IntN(len(s.failures)):]
	}
	h.put(s)
	if h.r.IntN(2) == 0 {
		h.incident()
	}
}

// put writes the facts of a service.
func (h *house) put(s *home) {
	h.seq++
	h.update(func(tx *store.Tx) error {
		if _, _, err := tx.PutTimeline(s.name, s.deployments, s.leads, s.evidence, h.seq); err != nil {
			return err
		}
		if err := tx.PutAnalyses(s.name, s.analyses, h.seq); err != nil {
			return err
		}
		return tx.PutOutcome(s.name, nil, s.failures, h.seq)
	})
}

func (h *house) incident() {
	i := plimsoll.Incident{IncidentReport: plimsoll.IncidentReport{
		ID: fmt.Sprintf("i%d", h.r.IntN(12)), Severity: "major", StartedAt: h.moment(),
	}, Production: h.r.IntN(6) > 0}
	for range h.r.IntN(3) {
		i.Services = append(i.Services, h.services[h.r.IntN(len(h.services))].name)
	}
	if h.r.IntN(2) == 0 {
		i.CauseService = h.services[h.r.IntN(len(h.services))].name
	}
	if h.r.IntN(3) > 0 {
		i.ResolvedAt = i.StartedAt + plimsoll.Time(h.r.Int64N(86400))*1e6
		i.RestoredAt = i.ResolvedAt
		if h.r.IntN(3) == 0 {
			i.RestoredAt -= plimsoll.Time(h.r.Int64N(3600)) * 1e6 // mitigated
		}
	}
	h.seq++
	h.update(func(tx *store.Tx) error {
		if err := tx.PutIncident(i.IncidentReport); err != nil {
			return err
		}
		_, err := tx.PutIncidentFact(i, h.seq)
		return err
	})
}

func (h *house) update(fn func(tx *store.Tx) error) {
	h.t.Helper()
	if err := h.org.Update(h.t.Context(), fn); err != nil {
		h.t.Fatal(err)
	}
}

// forget loses every fact, and derives the same ones again.
func (h *house) forget() {
	h.update(func(tx *store.Tx) error { return tx.Forget("facts") })
	for _, s := range h.services {
		h.put(s)
	}
}

func (h *house) question() query.Question {
	q := query.Question{}
	switch h.r.IntN(3) {
	case 0:
		q.Scope = plimsoll.Scope{Kind: plimsoll.ScopeService, Name: fmt.Sprintf("service-%d", h.r.IntN(len(h.services)+1))}
	case 1:
		q.Scope = plimsoll.Scope{Kind: plimsoll.ScopeTeam, Name: h.teamName()}
	}
	q.Window = plimsoll.Window{From: h.moment(), To: h.moment()}
	if h.r.IntN(3) == 0 {
		q.Window.To = plimsoll.TimeOf(houseEnd)
	}
	if h.r.IntN(6) == 0 {
		q.Window.To += 3 * 86400e6
	}
	if q.Window.From > q.Window.To {
		q.Window.From, q.Window.To = q.Window.To, q.Window.From
	}
	q.Window.To++
	return q
}

// worlds is how many organisations are invented; PLIMSOLL_WORLDS asks for more.
func worlds(t *testing.T) int {
	if s := os.Getenv("PLIMSOLL_WORLDS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatalf("PLIMSOLL_WORLDS %q is no number", s)
		}
		return n
	}
	return 6
}

// What cells answer is what the rows give, to the last digit, for every scope and window, after every
// change, through restarts; and what was followed is what is built from nothing, day for day.
func TestCellsAgreeWithRows(t *testing.T) {
	for seed := range uint64(worlds(t)) {
		h := newHouse(t, seed)
		name := []string{"UTC", "Europe/Berlin", "America/Havana", "Pacific/Apia"}[seed%4]
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		now := houseEnd
		if seed%3 == 0 {
			now = now.Add(-100 * 24 * time.Hour)
		}
		opt := query.Options{Cursor: "facts", Zone: zone, Now: func() time.Time { return now }}
		fromRows := opt
		kept := cells.Options{Zone: zone, Dir: t.TempDir()}
		opt.Cells = cells.New(h.db, h.org, kept)
		for step := range 14 {
			switch h.r.IntN(12) {
			case 0:
				h.forget()
			case 1, 2:
				if err := opt.Cells.Save(t.Context()); err != nil {
					t.Fatal(err)
				}
				opt.Cells = cells.New(h.db, h.org, kept)
			case 3:
				opt.Cells = cells.New(h.db, h.org, kept) // from an older snapshot
			}
			h.change()
			if step%5 == 0 || h.r.IntN(5) == 0 {
				h.catchUp(opt.Cells)
			}
			// Desks remember rows until the log grows, which it does not here.
			rows, memory := query.New(h.db, h.org, fromRows), query.New(h.db, h.org, opt)
			for range 3 {
				h.compare(rows, memory)
			}
		}
		h.catchUp(opt.Cells)
		if d, err := opt.Cells.Difference(t.Context()); d != "" || err != nil {
			t.Fatalf("world %d: what was followed differs from what is built: %s %v", seed, d, err)
		}
	}
}

func (h *house) catchUp(c *cells.Cells) {
	h.t.Helper()
	if err := c.CatchUp(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) compare(rows, memory *query.Desk) {
	t, q := h.t, h.question()
	t.Helper()
	unit := []metric.Unit{metric.Day, metric.Week, metric.Month}[h.r.IntN(3)]
	if q.Window.To.Sub(q.Window.From) > 3*365*24*time.Hour {
		unit = metric.Month
	}
	ask := func(d *query.Desk) (out []string) {
		add := func(v any, err error) {
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, string(text))
		}
		add(d.Measures(t.Context(), q))
		for _, m := range series() {
			add(d.Series(t.Context(), q, m, unit))
		}
		s, err := d.Summary(t.Context(), q, metric.Month)
		add(s.Tiles, err)
		add(len(s.Leads), err)
		h.explain(d, q, add)
		return out
	}
	want, got := ask(rows), ask(memory)
	for i := range want {
		if got[i] != want[i] {
			a, b := apart(got[i], want[i])
			t.Fatalf("%s from %s to %s (%s): the cells say\n%s\nand the rows\n%s", q.Scope, q.Window.From, q.Window.To, memory.Zone(), a, b)
		}
	}
}
