package sim

import (
	"strconv"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// planOutside plans the next incident that nothing released has caused: a
// provider, a disk, a certificate.
func (s *service) planOutside(now plimsoll.Time) {
	if s.habits.outsideGap == 0 {
		return
	}
	harm := now.Add(s.dice.exp(s.habits.outsideGap)) / second * second
	s.org.agenda.plan(harm, func(harm plimsoll.Time) {
		if s.lanes[0].cur.by != nil {
			s.suffer(harm, nil)
		}
		s.planOutside(harm)
	})
}

// suffer lets users of the service suffer from harm on for a reason that is no
// deployment: a change of a flag, or nil.
func (s *service) suffer(harm plimsoll.Time, flag *FlagTruth) {
	d := s.dice
	at := len(s.effects)
	s.effects = append(s.effects, effect{from: harm, size: s.size(), slow: d.chance(0.5)})
	s.org.agenda.plan(harm.Add(d.about(8*time.Minute, 0.8)), func(now plimsoll.Time) {
		i := s.incident(now, harm, s.lanes[0].env)
		if flag != nil {
			i.truth.Cause, i.truth.CauseID, i.truth.CauseService = CauseFlag, flag.ID, s.name
		}
		i.send(now)
		took := i.work(now)
		s.org.agenda.plan(now.Add(took+d.about(40*time.Minute, 0.9)), func(now plimsoll.Time) {
			s.effects[at].to = now
			if flag != nil {
				s.flag(now, i.report.ID)
			}
			i.end(now, true, func(plimsoll.Time) {})
		})
	})
}

// planFlag plans the next change of a feature flag.
func (s *service) planFlag(now plimsoll.Time) {
	if s.habits.flagGap == 0 {
		return
	}
	s.org.agenda.plan(s.team.calendar.after(now.Add(s.dice.exp(s.habits.flagGap)), s.dice.between(0, 4*time.Hour)), func(now plimsoll.Time) {
		f := s.flag(now, "")
		if s.lanes[0].cur.by != nil && s.dice.chance(0.06) {
			f.Broke = true
			s.suffer(now.Add(s.dice.about(3*time.Minute, 0.6))/second*second, f)
		}
		s.planFlag(now)
	})
}

// flag changes a feature flag. fixes is the incident that it ends, "" for none.
func (s *service) flag(now plimsoll.Time, fixes string) *FlagTruth {
	s.flags++
	f := &FlagTruth{ID: "f-" + s.name + "-" + strconv.Itoa(s.flags), Service: s.name, At: now, Fixes: fixes}
	if s.org.truth != nil {
		s.org.truth.Flags = append(s.org.truth.Flags, f)
	}
	from, to := "off", "on"
	if fixes != "" {
		from, to = to, from
	}
	s.org.send(now, Item{Type: plimsoll.TypeFlag, Source: "launchdarkly", Flag: &plimsoll.FlagReport{
		ID: f.ID, Key: s.name + "-" + topics[s.flags%len(topics)], Environment: s.lanes[0].env, Services: []string{s.name},
		At: now, From: from, To: to, Fixes: fixes,
	}})
	return f
}
