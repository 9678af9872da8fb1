package sim

import (
	"strconv"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// incident is one incident as the tool that pages people knows it.
type incident struct {
	service   *service
	report    plimsoll.IncidentReport
	truth     *IncidentTruth
	cause     string // to be named, at the latest when it ends; "" for never
	by        *rollout
	failure   *FailureTruth
	forgotten bool // nobody ever closes it
}

var severities = []string{"sev1", "sev2", "sev2", "sev3", "sev3", "sev3"}

// incident opens an incident of s: harm is since when users suffer.
func (s *service) incident(now, harm plimsoll.Time, env string) *incident {
	o, d := s.org, s.dice
	o.serial++
	i := &incident{service: s}
	i.report = plimsoll.IncidentReport{
		ID: "INC-" + strconv.Itoa(o.serial), Services: []string{s.name}, Severity: pick(d, severities),
		StartedAt: harm, DetectedAt: now, Title: "Errors of " + s.name,
	}
	if d.chance(0.6) {
		i.report.Environment = env
	}
	if d.chance(0.1) {
		i.report.StartedAt = 0
	}
	// Those who depend on a service often notice first.
	if len(s.needed) > 0 && d.chance(0.3) {
		other := pick(d, s.needed).name
		if i.report.Services = []string{other}; d.chance(0.4) {
			i.report.Services = []string{s.name, other}
		}
		i.report.Title = "Errors of " + other
	}
	i.truth = &IncidentTruth{ID: i.report.ID, Cause: CauseNone, Services: i.report.Services, StartedAt: harm}
	if o.truth != nil {
		o.truth.Incidents = append(o.truth.Incidents, i.truth)
	}
	return i
}

// open opens the incident of a trouble that r caused.
func (t *trouble) open(now, harm plimsoll.Time, r *rollout) {
	s, d := t.service, t.service.dice
	i := s.incident(now, harm, r.lane.env)
	t.incident, t.truth.Incident, t.truth.Explicit = i, i.report.ID, false
	t.truth.FailedAt = i.report.StartedAt.Or(now)
	i.truth.Cause, i.truth.CauseID, i.truth.CauseService = CauseDeployment, r.id, s.name
	i.truth.InReach = harm.Sub(r.finished) <= 24*time.Hour && s.near(i.report.Services)
	if named := d.chance(s.org.cfg.Named); named {
		i.by, i.cause = r, r.id
		own := len(i.report.Services) == 1 && i.report.Services[0] == s.name
		if own && r.kind != plimsoll.KindConfig && d.chance(0.2) {
			i.cause = r.target.version
		}
		i.failure = t.truth
		if s.org.cfg.Named == 1 || d.chance(0.5) {
			i.name()
		}
	}
	i.send(now)
}

// near reports whether s is one of the named services, or one that they need.
func (s *service) near(names []string) bool {
	for _, n := range names {
		if n == s.name || has(s.org.byName[n].needs, s) {
			return true
		}
	}
	return false
}

// name says what caused the incident.
func (i *incident) name() {
	if i.cause == "" || i.truth.Named {
		return
	}
	i.report.CausedBy, i.truth.Named, i.failure.Explicit = i.cause, true, true
	i.by.witness(plimsoll.EvidenceIncident)
}

// send reports what is known of the incident by now.
func (i *incident) send(now plimsoll.Time) {
	rep := i.report
	i.service.org.send(now, Item{Type: plimsoll.TypeIncident, Source: "pagerduty", OccurredAt: now, Incident: &rep})
}

// work says how long it takes until somebody has found out what is wrong, and
// reports it then.
func (i *incident) work(now plimsoll.Time) time.Duration {
	d := i.service.dice
	if i.report.AcknowledgedAt.Known() {
		return d.about(12*time.Minute, 0.7) // the repair failed; they are still at it
	}
	ack := now.Add(d.about(4*time.Minute, 0.7)) / second * second
	took := ack.Sub(now) + d.about(14*time.Minute, 0.8)
	i.service.org.agenda.plan(now.Add(took), func(now plimsoll.Time) {
		i.report.AcknowledgedAt = ack
		if d.chance(0.75) {
			i.report.DiagnosedAt = now
		}
		i.send(now)
	})
	return took
}

// end closes the incident some time after users are well again, and calls then
// with the time of resolution. A few are never closed, if they may.
func (i *incident) end(now plimsoll.Time, mayStay bool, then func(plimsoll.Time)) {
	s, d := i.service, i.service.dice
	if d.chance(0.6) {
		i.report.MitigatedAt = now
	}
	if mayStay && d.chance(0.03) {
		i.forgotten = true
		i.name()
		i.send(now)
		return
	}
	resolve := func(now plimsoll.Time) {
		i.name()
		i.report.ResolvedAt, i.truth.ResolvedAt = now, now
		i.send(now)
	}
	resolved := now.Add(d.about(9*time.Minute, 0.6))
	s.org.agenda.plan(resolved, func(now plimsoll.Time) {
		resolve(now)
		if s.habits.sign != SignReopened || !d.chance(0.6) {
			then(now)
			return
		}
		s.org.agenda.plan(now.Add(d.between(20*time.Minute, 2*time.Hour)), func(now plimsoll.Time) {
			i.truth.Reopened = true
			i.report.Labels = map[string]string{"reopened": "1"}
			resolve(now)
			then(now)
		})
	})
}
