package sim

import (
	"strconv"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// rollout is one roll-out in production, from its beginning on.
type rollout struct {
	service *service
	lane    *lane
	target  build
	kind    plimsoll.Kind // in truth
	class   string        // change class that it states
	sound   bool          // it breaks nothing
	planned bool          // a rehearsal
	of      *rollout      // what it takes back or repairs
	named   bool          // … and says so
	mends   *trouble      // it repairs this
	sign    Sign
	then    func(plimsoll.Time) // goes on where the usual would; nil for that

	id, second, group string
	strategy          string
	started, finished plimsoll.Time
	full              plimsoll.Time // when it had all traffic
	waited            float64
	fate              plimsoll.Result
	flawed            bool
	latent            bool // … and nobody notices for hours
	taken             bool // it was taken back
	from              int  // how far changes were delivered before it, −1 if it delivered none
	truth             *DeploymentTruth
}

// ciLead is how long before the cluster a pipeline begins, and ciLag how long
// after it the pipeline ends, where both report a roll-out.
const (
	ciLead = 40 * time.Second
	ciLag  = 25 * time.Second
)

// roll begins a roll-out.
func (s *service) roll(now plimsoll.Time, r *rollout) {
	s.number++
	n := strconv.Itoa(s.number)
	r.id, r.started, r.from = "d-"+s.name+"-"+n, now, -1
	if len(s.lanes) > 1 && r.group == "" {
		r.group = "g-" + s.name + "-" + n
	}
	if s.habits.reporters.second {
		r.second = "k8s-" + s.name + "-" + n
		r.started = now.Add(ciLead)
	}
	r.decide()
	r.schedule()
	if s.habits.reporters.start {
		rep := r.report()
		rep.StartedAt, rep.Result = now, plimsoll.ResultRunning
		s.org.send(now, Item{Type: plimsoll.TypeDeployment, Source: s.habits.reporters.main, Deployment: &rep})
	}
	s.org.agenda.plan(r.finished, r.finish)
}

// decide draws how the roll-out will go.
func (r *rollout) decide() {
	s, d := r.service, r.service.dice
	if r.fate != "" {
		r.flawed = true
		return
	}
	r.fate = plimsoll.ResultSuccess
	h, c := &s.habits, &s.team.character
	if r.sound || s.mending != nil && r.kind != plimsoll.KindHotfix {
		return
	}
	share := h.flaws * c.flaws(s.org.years(r.started))
	if r.kind == plimsoll.KindHotfix {
		share = min(share, 0.1)
	}
	if !d.chance(share) {
		switch x := d.Float64(); {
		case r.kind != plimsoll.KindChange:
		case x < shareCanceled:
			r.fate = plimsoll.ResultCanceled
		case x < shareCanceled+shareSuperseded && h.canary:
			r.fate = plimsoll.ResultSuperseded
		}
		return
	}
	r.flawed = true
	x := d.Float64()
	switch {
	case r.kind == plimsoll.KindHotfix: // it went out in haste and is seen to fail at once
	case x < 0.12:
		r.fate = plimsoll.ResultFailure
	case x < 0.42 && h.canary:
		r.fate = plimsoll.ResultAborted
	default:
		r.latent = len(s.lanes) == 1 && d.chance(0.15)
	}
}

// schedule draws how long the roll-out takes.
func (r *rollout) schedule() {
	s, d := r.service, r.service.dice
	h := &s.habits
	var took, waits time.Duration
	quick := r.kind == plimsoll.KindRollback || r.kind == plimsoll.KindRedeploy
	switch {
	case h.canary && !quick:
		r.strategy = "canary"
		took = d.between(12*time.Minute, 35*time.Minute)
		waits = took * 6 / 10
	case h.direct:
		r.strategy, took = "direct", d.about(2*time.Minute, 0.4)
	default:
		r.strategy, took = "rolling", d.about(6*time.Minute, 0.4)
	}
	if a := s.team.character.approval; a != 0 && !quick && r.kind != plimsoll.KindHotfix {
		wait := d.about(a, 0.7)
		took, waits = took+wait, waits+wait
	}
	switch r.fate {
	case plimsoll.ResultFailure:
		took += 10 * time.Minute // the deadline of progress
	case plimsoll.ResultAborted:
		took = took * time.Duration(30+d.IntN(60)) / 100
		waits = min(waits, took/2)
	case plimsoll.ResultCanceled:
		took, waits = d.between(time.Minute, 3*time.Minute), 0
	case plimsoll.ResultSuperseded:
		took, waits = took/2, waits/2
	}
	took = max(took, time.Minute).Truncate(time.Second)
	r.finished = r.started.Add(took)
	r.waited = waits.Truncate(time.Second).Seconds()
	if r.fate == plimsoll.ResultSuccess && r.strategy != "direct" {
		r.full = r.finished.Add(-min(took/10, time.Minute)) / second * second
	}
}

// report is what every report of the roll-out says.
func (r *rollout) report() plimsoll.DeploymentReport {
	s := r.service
	d := plimsoll.DeploymentReport{
		ID: r.id, Service: s.name, Environment: r.lane.env, Version: r.target.version,
		CommitSHA: s.repo.sha(s.repo.at(r.target.pos).head), Repository: s.repo.name,
		Strategy: r.strategy, ChangeClass: r.class, GroupID: r.group, Team: s.team.name,
	}
	if r.named {
		d.RollbackOf = r.of.id
		if r.kind == plimsoll.KindHotfix {
			d.Kind = plimsoll.KindHotfix
		}
	}
	if r.planned {
		d.Planned = &r.planned
	}
	if r.mends != nil && r.mends.incident != nil {
		d.Fixes = r.mends.incident.report.ID
	}
	return d
}

// finish is the end of the roll-out.
func (r *rollout) finish(now plimsoll.Time) {
	s := r.service
	rep := r.report()
	rep.StartedAt, rep.FinishedAt, rep.Result, rep.FullRolloutAt = r.started, r.finished, r.fate, r.full
	if r.waited > 0 {
		rep.Waited = &r.waited
	}
	source := s.habits.reporters.main
	if r.second != "" {
		ci, pipeline := rep, source
		ci.StartedAt, ci.FinishedAt = r.started.Add(-ciLead), r.finished.Add(ciLag)
		s.org.agenda.plan(ci.FinishedAt, func(now plimsoll.Time) {
			s.org.send(now, Item{Type: plimsoll.TypeDeployment, Source: pipeline, Deployment: &ci})
		})
		rep.ID, rep.Fixes, source = r.second, "", "kubernetes"
	}
	s.org.send(now, Item{Type: plimsoll.TypeDeployment, Source: source, Deployment: &rep})
	r.analyse(now)
	s.org.record(r)
	if cur := r.lane.cur; r.truth != nil && cur.by != nil {
		r.truth.Contains = s.count(cur.pos, r.target.pos)
	}
	if r.fate == plimsoll.ResultSuccess {
		r.arrive(now)
	}
	r.next(now)
}

// analyse reports the analysis runs of a canary.
func (r *rollout) analyse(now plimsoll.Time) {
	s := r.service
	if r.strategy != "canary" || r.fate == plimsoll.ResultCanceled || r.fate == plimsoll.ResultSuperseded {
		return
	}
	phase := "successful"
	switch {
	case r.fate == plimsoll.ResultAborted:
		phase = "failed"
	case s.dice.chance(0.03):
		phase = "inconclusive"
	}
	s.org.send(now, Item{Type: plimsoll.TypeAnalysis, Source: "argo-rollouts", Analysis: &plimsoll.AnalysisReport{
		ID: "a-" + r.id, Service: s.name, Environment: r.lane.env, Phase: phase, Deployment: r.id, Version: r.target.version,
		Name: "error-rate", StartedAt: r.started, FinishedAt: now,
	}})
}

// arrive makes the build run, and its changes arrive.
func (r *rollout) arrive(plimsoll.Time) {
	s, l := r.service, r.lane
	before := l.cur
	l.prev, l.cur = before, build{pos: r.target.pos, version: r.target.version, by: r}
	pos := r.target.pos
	switch {
	case r.kind == plimsoll.KindInitial:
		s.delivered, s.floor = max(s.delivered, pos), max(s.delivered, pos)
	case pos > s.delivered:
		r.from = s.delivered
		s.floor, s.delivered = s.delivered, pos
		if r.truth != nil {
			r.truth.Changes, r.truth.Pulls = s.between(r.from, pos, r.started)
		}
	}
	if r.kind == plimsoll.KindRollback {
		r.of.takeBack(r)
	}
}

// takeBack is told that by has taken r back.
func (r *rollout) takeBack(by *rollout) {
	s := r.service
	r.taken = true
	soon := by.finished.Sub(r.finished) <= 24*time.Hour
	if r.truth != nil {
		r.truth.Result, r.truth.RolledBackAt = plimsoll.ResultRolledBack, by.finished
		if soon {
			r.truth.Changes, r.truth.Pulls = nil, nil
		}
	}
	if soon && r.from >= 0 {
		s.delivered = r.from
	}
	if by.planned {
		return
	}
	r.witness(plimsoll.EvidenceRollback)
	if s.dice.chance(0.7) {
		rep := plimsoll.DeploymentReport{ID: r.id, Service: s.name, Environment: r.lane.env, FinishedAt: r.finished, Result: plimsoll.ResultRolledBack}
		if r.second != "" {
			rep.FinishedAt, rep.StartedAt = 0, r.started.Add(-ciLead)
		}
		s.org.send(by.finished, Item{Type: plimsoll.TypeDeployment, Source: s.habits.reporters.main, OccurredAt: by.finished, Deployment: &rep})
	}
}

// next goes on after a roll-out has ended.
func (r *rollout) next(now plimsoll.Time) {
	s, d := r.service, r.service.dice
	switch {
	case r.fate == plimsoll.ResultSuperseded:
		s.release(now) // what came in between goes out at once
		return
	case r.fate == plimsoll.ResultFailure:
		s.failed(now, r)
		return
	case r.fate == plimsoll.ResultAborted:
		s.aborted(r)
		s.least, s.owed = r.target.pos+1, s.owed+1
	case r.fate == plimsoll.ResultCanceled:
	case r.then != nil:
		r.then(now)
		return
	case r.mends != nil:
		r.mends.rolledOut(now, r)
		return
	case r.latent:
		s.org.agenda.plan(now.Add(d.between(6*time.Hour, 60*time.Hour)), func(now plimsoll.Time) { s.comesOut(now, r) })
	case r.flawed:
		s.breaks(now, r)
		return
	case len(s.lanes) > 1 && r.lane == s.lanes[0] && (r.kind == plimsoll.KindChange || r.kind == plimsoll.KindInitial):
		other := &rollout{service: s, lane: s.lanes[1], target: r.target, kind: r.kind, class: r.class, sound: true, group: r.group, sign: r.sign}
		s.org.agenda.plan(now.Add(d.between(15*time.Minute, time.Hour)), func(now plimsoll.Time) { s.roll(now, other) })
		return
	}
	if !s.forward(now, r) {
		s.idle(now)
	}
}
