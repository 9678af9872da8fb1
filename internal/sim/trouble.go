package sim

import (
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// trouble is an impairment by a deployment, from the moment it is noticed until
// the service is whole again. A service has one at a time, so that it is known
// what repaired what.
type trouble struct {
	service  *service
	causes   []*rollout // the latest last
	incident *incident  // nil when nobody opened one
	truth    *FailureTruth
	effect   int // index of what the golden signals show
	repair   repair
	silent   bool // the repair does not tell of it; only an incident can
}

// repair is how a trouble ends.
type repair int

const (
	repairRollback repair = iota
	repairHotfix
	repairSwitch  // a flag takes the new way out of use
	repairForward // with the next release
	repairItself
)

// trouble opens a trouble that r caused; harm is since when users suffer.
func (s *service) trouble(r *rollout, harm plimsoll.Time) *trouble {
	t := &trouble{service: s, causes: []*rollout{r}, effect: -1}
	t.truth = &FailureTruth{Service: s.name, Deployments: []string{r.id}, FailedAt: r.finished, HarmFrom: harm, Explicit: r.fate != plimsoll.ResultSuccess}
	if s.org.truth != nil {
		s.org.truth.Failures = append(s.org.truth.Failures, t.truth)
	}
	return t
}

// aborted is told that the analysis of a canary stopped r: the trouble is over
// before anybody has to do something.
func (s *service) aborted(r *rollout) {
	t := s.trouble(r, r.started)
	t.truth.FailedAt, t.truth.RestoredAt, t.truth.HarmTo = r.started, r.finished, r.finished
	s.effects = append(s.effects, effect{from: r.started, to: r.finished, size: 0.1 * s.size(), slow: s.dice.chance(0.3)})
}

// failed is told that the roll-out r did not complete. It is tried again.
func (s *service) failed(now plimsoll.Time, r *rollout) {
	t := r.mends
	if t == nil {
		t = s.trouble(r, r.started)
		t.harm(r.started, 0.2*s.size())
	} else {
		t.add(r)
	}
	s.org.agenda.plan(now.Add(s.dice.between(20*time.Minute, 90*time.Minute)), func(now plimsoll.Time) {
		retry := &rollout{service: s, lane: r.lane, target: s.buildAt(max(s.ready, r.target.pos)), kind: plimsoll.KindChange, mends: t, sound: true}
		if r.kind == plimsoll.KindConfig && retry.target.pos == r.lane.cur.pos {
			retry.kind, retry.target, retry.class = r.kind, r.target, r.class
		}
		if len(t.causes) < 3 && s.dice.chance(0.1) {
			retry.fate = plimsoll.ResultFailure
		}
		s.roll(now, retry)
	})
}

// add notes one more deployment that failed before all was well.
func (t *trouble) add(r *rollout) {
	t.causes = append(t.causes, r)
	t.truth.Deployments = append(t.truth.Deployments, r.id)
}

// harm makes the golden signals show the trouble.
func (t *trouble) harm(from plimsoll.Time, size float64) {
	s := t.service
	t.effect = len(s.effects)
	s.effects = append(s.effects, effect{from: from, size: size, slow: s.dice.chance(0.3)})
}

// size is how bad things get: the share of requests that suffer.
func (s *service) size() float64 { return min(0.6, float64(s.dice.about(1000, 1))/1000*0.06) }

// breaks is told that r went out and harms its users. It is noticed soon.
func (s *service) breaks(now plimsoll.Time, r *rollout) {
	d := s.dice
	harm := r.started.Add(d.between(r.finished.Sub(r.started)/3, r.finished.Sub(r.started))) / second * second
	noticed := now.Add(d.about(15*time.Minute, 0.9))
	s.org.agenda.plan(noticed, func(now plimsoll.Time) {
		t := r.mends
		if t == nil {
			t = s.trouble(r, harm)
			t.repair = s.chooseRepair(r)
			t.harm(harm, s.size())
			if t.needsIncident() {
				t.open(now, harm, r)
			}
		} else {
			t.add(r)
		}
		t.mend(now)
	})
}

// chooseRepair draws how the harm of r will end.
func (s *service) chooseRepair(r *rollout) repair {
	d := s.dice
	x := d.Float64()
	rollback := 0.5
	if len(s.lanes) > 1 {
		rollback = 0.85
	}
	switch {
	case x < rollback:
		if s.lanes[0].prev.by != nil {
			return repairRollback
		}
		return repairItself
	case len(s.lanes) == 1 && x < 0.8:
		return repairHotfix
	case x < 0.88:
		return repairSwitch
	case x < 0.95 && len(s.lanes) == 1:
		return repairForward
	}
	return repairItself
}

// needsIncident draws whether somebody opens an incident. What is taken back at
// once often goes without; what nothing else shows does not.
func (t *trouble) needsIncident() bool {
	switch t.repair {
	case repairRollback:
		return t.service.dice.chance(0.6)
	case repairHotfix:
		return t.service.dice.chance(0.8)
	}
	return true
}

// mend begins the repair after somebody has found out what is wrong.
func (t *trouble) mend(now plimsoll.Time) {
	s, d := t.service, t.service.dice
	reaction := d.about(15*time.Minute, 0.7)
	if t.incident != nil {
		reaction = t.incident.work(now)
	}
	at := now.Add(reaction)
	switch t.repair {
	case repairRollback:
		s.org.agenda.plan(at, t.rollBack)
	case repairHotfix:
		if s.habits.sign == SignLateHotfix && len(t.causes) == 1 {
			at = max(at, t.causes[0].finished.Add(24*time.Hour-10*time.Minute))
		}
		s.org.agenda.plan(at, t.hotfix)
	case repairSwitch:
		s.org.agenda.plan(at, func(now plimsoll.Time) {
			s.flag(now, t.incident.report.ID)
			t.over(now)
		})
	case repairForward:
		s.org.agenda.plan(at, func(now plimsoll.Time) {
			s.mending = t
			s.owed++
			s.least = s.lanes[0].cur.pos + 1
			s.idle(now)
		})
	default:
		s.org.agenda.plan(at.Add(d.about(time.Hour, 0.8)), t.over)
	}
}

// rollBack goes back to what ran before the deployment that broke something.
func (t *trouble) rollBack(now plimsoll.Time) {
	s, r := t.service, t.causes[len(t.causes)-1]
	prev := r.lane.prev
	back := &rollout{
		service: s, lane: r.lane, kind: plimsoll.KindRollback, target: build{pos: prev.pos, version: prev.version},
		of: r, sound: true, mends: t,
	}
	switch x := s.dice.Float64(); {
	case x < 0.6 || r.kind == plimsoll.KindConfig:
		back.named = true
	case x < 0.75:
		back.class = "rollback"
	}
	if s.habits.sign == SignSilentRollback {
		back.planned, back.sign, t.silent = true, SignSilentRollback, true
	}
	s.least = r.target.pos + 1
	s.roll(now, back)
}

// hotfix writes, merges and builds a repair. What follows is in fixBuilt.
func (t *trouble) hotfix(now plimsoll.Time) {
	s, d, r := t.service, t.service.dice, t.causes[len(t.causes)-1]
	p := &pull{service: s, fork: s.repo.head(), commits: 1 + d.IntN(2), reverts: -1, owners: s.bit, hotfix: true, squash: d.chance(0.6), fixes: t}
	if sha, ok := r.revertible(); ok && d.chance(0.25) {
		p.reverts, p.squash, p.commits = sha, true, 1
	}
	p.Repository, p.FirstCommitAt = s.repo.name, now
	p.OpenedAt = now.Add(d.about(6*time.Minute, 0.5)) / second * second
	p.FirstReviewAt = p.OpenedAt.Add(d.about(5*time.Minute, 0.6)) / second * second
	p.ApprovedAt = p.FirstReviewAt.Add(d.about(3*time.Minute, 0.6)) / second * second
	p.MergedAt = p.ApprovedAt.Add(time.Minute)
	s.org.agenda.plan(p.OpenedAt, p.open)
	s.org.agenda.plan(p.MergedAt, p.merge)
}

// revertible returns a commit that r brought and that can be taken back by
// itself.
func (r *rollout) revertible() (number int, ok bool) {
	if r.from < 0 {
		return 0, false
	}
	for pos := r.target.pos; pos > r.from; pos-- {
		e := r.service.repo.at(pos)
		if e.owners&r.service.bit != 0 && !e.reverts && len(e.commits) > 0 {
			return e.commits[len(e.commits)-1].number, true
		}
	}
	return 0, false
}

// fixBuilt rolls the repair out as soon as it is built.
func (t *trouble) fixBuilt(now plimsoll.Time, pos int) {
	s, r := t.service, t.causes[len(t.causes)-1]
	s.ready = max(s.ready, pos)
	fix := &rollout{service: s, lane: s.lanes[0], kind: plimsoll.KindHotfix, target: s.buildAt(pos), mends: t, of: r, sound: len(t.causes) > 2}
	if s.dice.chance(0.3) {
		fix.class = "hotfix"
	}
	if late := now.Sub(r.finished) > 24*time.Hour; late {
		fix.sign, t.silent = SignLateHotfix, true
	}
	s.roll(now, fix)
}

// rolledOut is told that a repair was rolled out.
func (t *trouble) rolledOut(now plimsoll.Time, r *rollout) {
	if r.kind == plimsoll.KindHotfix && r.sign == "" {
		r.of.witness(plimsoll.EvidenceHotfix)
	}
	if r.flawed {
		t.service.breaks(now, r)
		return
	}
	t.over(now)
}

// over ends the trouble: users are well again from now on.
func (t *trouble) over(now plimsoll.Time) {
	s := t.service
	well := now
	if s.habits.sign == SignEarlyResolved && t.incident != nil {
		well = now.Add(45 * time.Minute)
	}
	t.truth.HarmTo = well
	if t.effect >= 0 {
		s.effects[t.effect].to = well
	}
	s.mending = nil
	if t.incident == nil {
		t.truth.RestoredAt, t.truth.Explicit = now, !t.silent
		s.idle(now)
		return
	}
	t.incident.end(now, t.repair == repairHotfix, func(resolved plimsoll.Time) {
		t.truth.RestoredAt = resolved
		s.idle(resolved)
	})
	if t.incident.forgotten {
		s.idle(now)
	}
}

// forward is told that r ended. If it was the release that brings the repair,
// the trouble is over, and the service idle as soon as that is known.
func (s *service) forward(now plimsoll.Time, r *rollout) bool {
	t := s.mending
	if t == nil || r.fate != plimsoll.ResultSuccess || r.kind != plimsoll.KindChange {
		return false
	}
	t.over(now)
	return true
}

// comesOut is told that the harm of r shows, long after it was rolled out. Only
// an incident tells of it.
func (s *service) comesOut(now plimsoll.Time, r *rollout) {
	if s.busy || s.mending != nil {
		s.org.agenda.plan(now.Add(time.Hour), func(now plimsoll.Time) { s.comesOut(now, r) })
		return
	}
	s.busy = true
	t := s.trouble(r, now)
	t.repair = repairItself
	if s.dice.chance(0.5) {
		t.repair = repairSwitch
	}
	t.harm(now, s.size())
	noticed := now.Add(s.dice.about(8*time.Minute, 0.7))
	s.org.agenda.plan(noticed, func(at plimsoll.Time) {
		t.open(at, now, r)
		t.mend(at)
	})
}
