package sim

import (
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// Sign is a habit that makes a figure look better than what it measures.
type Sign string

// The signs of gaming that a service can show. SignSkimmed is one of a team.
const (
	SignBurst          Sign = "burst"           // many deployments before the month ends
	SignSameVersion    Sign = "same_version"    // the same version again and again
	SignSplit          Sign = "split"           // one deployment for each of several changes that were ready
	SignReopened       Sign = "reopened"        // incidents resolved, and reopened
	SignEarlyResolved  Sign = "early_resolved"  // incidents resolved before users were well again
	SignRelabelled     Sign = "relabelled"      // changes deployed as configuration
	SignLateHotfix     Sign = "late_hotfix"     // hotfixes just after the 24 hours
	SignRewritten      Sign = "rewritten"       // commits made anew when they are merged
	SignSilentRollback Sign = "silent_rollback" // roll-backs labelled as planned
	SignSkimmed        Sign = "skimmed"         // reviews of next to no time while failures rise
)

var serviceSigns = []Sign{
	SignBurst, SignSameVersion, SignSplit, SignReopened, SignEarlyResolved, SignRelabelled, SignLateHotfix, SignRewritten, SignSilentRollback,
}

// honest is how many services come before the first that shows a sign.
const honest = 2

// game gives the service a sign if it is its turn. A larger organisation has
// more services without one.
func (s *service) game() {
	k := s.index - honest
	if k < 0 || k >= len(serviceSigns) {
		return
	}
	h := &s.habits
	h.sign = serviceSigns[k]
	if h.sign == SignLateHotfix || h.sign == SignSplit {
		h.environments = h.environments[:1] // repairs of several regions are rolled back
		s.lanes = s.lanes[:1]
	}
}

// Signs says which services and teams show which sign.
func (o *Org) Signs() (services, teams map[string]Sign) {
	services, teams = map[string]Sign{}, map[string]Sign{}
	for _, s := range o.services {
		if s.habits.sign != "" {
			services[s.name] = s.habits.sign
		}
	}
	if o.cfg.Gaming {
		for i, t := range o.teams {
			if i%len(characters) == 4 {
				teams[t.name] = SignSkimmed
			}
		}
	}
	return services, teams
}

// signed is sign if the service shows it, else "".
func (s *service) signed(sign Sign) Sign {
	if s.habits.sign == sign {
		return sign
	}
	return ""
}

// redeploys is how often what runs is deployed once more; 1 is usual.
func (s *service) redeploys() float64 {
	if s.habits.sign == SignSameVersion {
		return 15
	}
	return 1
}

// piece is the first position that is ready and not yet out; the rest follows
// as soon as it may.
func (s *service) piece() int {
	pos := max(s.lanes[0].cur.pos+1, s.least)
	for pos < s.ready && s.repo.at(pos).owners&s.bit == 0 {
		pos++
	}
	if pos < s.ready {
		s.owed++
	}
	return pos
}

// burst returns when the last two days of a month begin, if they do so between
// from and to, or have begun at from; zero otherwise, and for services that do
// not hurry then.
func (s *service) burst(from, to plimsoll.Time) plimsoll.Time {
	if s.habits.sign != SignBurst {
		return 0
	}
	y, m, _ := from.Std().Date()
	begins := plimsoll.TimeOf(time.Date(y, m+1, -1, 0, 0, 0, 0, time.UTC))
	switch {
	case from >= begins:
		return from
	case to >= begins:
		return begins
	}
	return 0
}
