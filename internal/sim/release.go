package sim

import (
	"strconv"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// offer is told that a commit of the service was built.
func (s *service) offer(now plimsoll.Time, pos int) {
	s.built = max(s.built, pos)
	if s.habits.staged {
		s.stage(now)
		return
	}
	s.setReady(now, pos)
}

// stage tries the latest build in staging, unless another one is there.
func (s *service) stage(now plimsoll.Time) {
	if s.staging || s.built <= s.staged {
		return
	}
	s.staging = true
	pos, d := s.built, s.dice
	started := now.Add(d.between(30*time.Second, 3*time.Minute)) / second * second
	finished := started.Add(d.about(3*time.Minute, 0.4)) / second * second
	ready := finished.Add(d.about(20*time.Minute, 0.7))
	if s.org.truth != nil {
		s.stagings = append(s.stagings, staging{pos, started, ready / second * second}) // as the agenda cuts it
	}
	s.org.agenda.plan(ready, func(now plimsoll.Time) {
		s.number++
		s.org.send(now, Item{Type: plimsoll.TypeDeployment, Source: "github-actions", Deployment: &plimsoll.DeploymentReport{
			ID: "s-" + s.name + "-" + strconv.Itoa(s.number), Service: s.name, Environment: "staging",
			CommitSHA: s.repo.sha(s.repo.at(pos).head), Repository: s.repo.name,
			StartedAt: started, FinishedAt: finished, ReadyAt: now, Result: plimsoll.ResultSuccess,
		}})
		s.staging, s.staged = false, pos
		s.setReady(now, pos)
		s.stage(now)
	})
}

func (s *service) setReady(now plimsoll.Time, pos int) {
	if pos > s.ready {
		s.ready, s.readyAt = pos, now
	}
	s.consider(now)
}

// planSlot plans when the next roll-out is due.
func (s *service) planSlot(now plimsoll.Time) {
	mean := time.Duration(float64(s.habits.slotGap) / s.rate(now))
	at := s.team.calendar.after(now, s.dice.exp(mean))
	if b := s.burst(now, at); b != 0 {
		at = s.team.calendar.after(b, s.dice.exp(min(mean, 24*time.Hour)/8))
	}
	if end := s.org.frozenUntil(at); end != 0 {
		at = s.team.calendar.after(end, s.dice.exp(min(mean, 24*time.Hour)))
	}
	s.org.agenda.plan(at, func(now plimsoll.Time) {
		s.due(now)
		s.planSlot(now)
	})
}

// due decides what the roll-out that is due now will be.
func (s *service) due(now plimsoll.Time) {
	const most = 3 // what cannot be caught up is dropped
	if s.lanes[0].cur.by == nil {
		return
	}
	x := s.dice.Float64()
	if !s.busy {
		for _, special := range []struct {
			share float64
			do    func(plimsoll.Time) bool
		}{
			{shareConfig, s.configure}, {shareRedeploy * s.redeploys(), s.again}, {shareRehearsal, s.rehearse},
		} {
			if x < special.share {
				if special.do(now) {
					return
				}
				break
			}
			x -= special.share
		}
	}
	s.owed = min(s.owed+1, most)
	if s.habits.sign == SignBurst && !s.busy && s.ready <= s.lanes[0].cur.pos && s.burst(now, now) != 0 {
		s.configure(now) // anything that counts
		return
	}
	s.consider(now)
}

// consider releases what is ready if a roll-out is due.
func (s *service) consider(now plimsoll.Time) {
	if s.busy || s.owed == 0 || s.lanes[0].cur.by == nil || s.org.frozenUntil(now) != 0 && s.mending == nil {
		return
	}
	if s.ready < max(s.lanes[0].cur.pos+1, s.least) {
		return
	}
	s.owed--
	s.release(now)
}

// idle is told that nothing is under way any more.
func (s *service) idle(now plimsoll.Time) {
	s.busy = false
	s.repo.trim()
	s.consider(now)
}

// initial brings the service to production for the first time.
func (s *service) initial(now plimsoll.Time) {
	s.busy = true
	s.roll(now, &rollout{service: s, lane: s.lanes[0], target: s.buildAt(s.ready), kind: plimsoll.KindInitial, sound: true})
}

// release rolls the newest build out that is ready.
func (s *service) release(now plimsoll.Time) {
	s.busy = true
	pos := s.ready
	if s.habits.sign == SignSplit && s.mending == nil {
		pos = s.piece()
	}
	r := &rollout{service: s, lane: s.lanes[0], target: s.buildAt(pos), kind: plimsoll.KindChange}
	if s.habits.sign == SignRelabelled && s.dice.chance(0.5) {
		r.class, r.sign = "config", SignRelabelled
	}
	s.roll(now, r)
}

// configure rolls out what runs with another configuration.
func (s *service) configure(now plimsoll.Time) bool {
	cur := s.lanes[0].cur
	s.runs++
	s.busy = true
	r := &rollout{
		service: s, lane: s.lanes[0], kind: plimsoll.KindConfig,
		target: build{pos: cur.pos, version: cur.version + "-cfg" + strconv.Itoa(s.runs)},
	}
	if s.dice.chance(0.6) {
		r.class = "config"
	}
	s.roll(now, r)
	return true
}

// again rolls out what runs once more.
func (s *service) again(now plimsoll.Time) bool {
	cur := s.lanes[0].cur
	s.busy = true
	s.roll(now, &rollout{service: s, lane: s.lanes[0], kind: plimsoll.KindRedeploy, target: build{pos: cur.pos, version: cur.version}, sound: true, sign: s.signed(SignSameVersion)})
	return true
}

// rehearse takes back what has stood for days, and brings it again, to see that
// it can be done.
func (s *service) rehearse(now plimsoll.Time) bool {
	l := s.lanes[0]
	d := l.cur.by
	if len(s.lanes) > 1 || d.kind != plimsoll.KindChange || d.sign != "" || d.flawed || d.taken || s.mending != nil ||
		l.prev.by == nil || l.prev.pos >= l.cur.pos || now.Sub(d.finished) < 48*time.Hour {
		return false
	}
	s.busy = true
	forth := l.cur
	back := &rollout{service: s, lane: l, kind: plimsoll.KindRollback, target: build{pos: l.prev.pos, version: l.prev.version}, of: d, named: true, planned: true, sound: true}
	back.then = func(now plimsoll.Time) {
		s.org.agenda.plan(now.Add(s.dice.between(time.Hour, 3*time.Hour)), func(now plimsoll.Time) {
			s.roll(now, &rollout{service: s, lane: l, kind: plimsoll.KindChange, target: build{pos: forth.pos, version: forth.version}, sound: true})
		})
	}
	s.roll(now, back)
	return true
}

// buildAt is the build of a position of the main line. Each has one version.
func (s *service) buildAt(pos int) build {
	if s.versioned != pos {
		s.runs++
		s.versioned, s.version = pos, "v1."+strconv.Itoa(s.runs)+".0"
	}
	return build{pos: pos, version: s.version}
}
