package sim

import (
	"fmt"
	"math"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// character is how a team works. Shares are 0..1, delays are medians of
// working time.
type character struct {
	pace     float64 // of its services, 1 is average
	squash   float64 // share of pull requests that are squashed
	direct   float64 // share of changes pushed without one
	coding   time.Duration
	pickup   time.Duration // opened → first review
	review   time.Duration // first review → merged
	approval time.Duration // wait for an approval within a roll-out
	canary   bool

	flaws func(at float64) float64 // factor of the share of flaws; at is years since the start
	rate  func(t time.Time) float64
	hurry func(at float64) float64 // factor of pickup and review
}

func steady(float64) float64    { return 1 }
func allYear(time.Time) float64 { return 1 }
func summer(t time.Time) float64 {
	return map[bool]float64{true: 0.35, false: 1}[t.Month() == 7 || t.Month() == 8]
}

// better falls from 1.8 to 0.3 within a year and stays there.
func better(at float64) float64 { return 1.8 - 1.5*math.Min(at, 1) }

// worse rises from 0.5 to 2 within a year.
func worse(at float64) float64 { return 0.5 + 1.5*math.Min(at, 1) }

// skimmed is how reviews shrink to next to nothing within a year.
func skimmed(at float64) float64 { return math.Max(0.02, 1-math.Min(at, 1)) }

// characters are given out in turn. The names say what there is to find.
var characters = []character{
	{ // fast: small changes, straight to production
		pace: 1.8, squash: 0.9, coding: 2 * time.Hour, pickup: 25 * time.Minute, review: 30 * time.Minute, canary: true,
		flaws: steady, rate: allYear, hurry: steady,
	},
	{ // slow: reviews wait for days, roll-outs for approvals
		pace: 0.5, squash: 0.2, coding: 9 * time.Hour, pickup: 22 * time.Hour, review: 8 * time.Hour, approval: 25 * time.Minute,
		flaws: steady, rate: allYear, hurry: steady,
	},
	{ // improving: the failure rate falls over the year
		pace: 1, squash: 0.6, coding: 5 * time.Hour, pickup: 4 * time.Hour, review: 3 * time.Hour, canary: true,
		flaws: better, rate: allYear, hurry: steady,
	},
	{ // seasonal: little happens in July and August
		pace: 1, squash: 0.5, direct: 0.2, coding: 4 * time.Hour, pickup: 3 * time.Hour, review: 2 * time.Hour,
		flaws: steady, rate: summer, hurry: steady,
	},
	{ // steady
		pace: 0.9, squash: 0.7, direct: 0.1, coding: 5 * time.Hour, pickup: 3 * time.Hour, review: 3 * time.Hour,
		flaws: steady, rate: allYear, hurry: steady,
	},
}

// skimming is a team whose reviews become a formality while failures rise.
var skimming = character{
	pace: 1, squash: 0.6, coding: 4 * time.Hour, pickup: 5 * time.Hour, review: 4 * time.Hour,
	flaws: worse, rate: allYear, hurry: skimmed,
}

var teamNames = []string{
	"storefront", "payments", "search", "logistics", "platform", "identity", "catalog", "insights",
	"mobile", "pricing", "support", "fulfilment", "content", "growth", "risk", "partners",
}

var serviceNames = []string{
	"web", "api", "gateway", "worker", "store", "feed", "router", "index", "ledger", "mailer", "scheduler", "profile",
}

// weeks are the days of work, Sunday first: of those who work in shifts, of
// most, and of those whose weekend is Friday and Saturday.
var weeks = []string{"xxxxxxx", ".xxxxx.", ".xxxxx.", ".xxxxx.", "xxxxx..", ".xxxxx."}

var zoneNames = []string{"Europe/Berlin", "America/New_York", "Asia/Tokyo", "UTC"}

// found makes the teams, repositories and services. The services of a team
// either have a repository each or share one.
func (o *Org) found() {
	cfg := o.cfg
	d := newDice(cfg.Seed, "organisation")
	for i := range cfg.Teams {
		zone, err := time.LoadLocation(zoneNames[i%len(zoneNames)])
		if err != nil {
			zone = time.UTC // cannot happen: the zones are part of the program
		}
		t := &team{name: numbered(teamNames, i), calendar: calendar{zone: zone, from: 9, to: 18, days: weeks[i%len(weeks)]}, character: characters[i%len(characters)]}
		if cfg.Gaming && i%len(characters) == 4 {
			t.character = skimming
		}
		o.teams = append(o.teams, t)
	}
	var total float64
	for i := range cfg.Services {
		t := o.teams[i%cfg.Teams]
		k := i / cfg.Teams // how many the team had before
		s := &service{
			org: o, index: i, team: t, name: t.name + "-" + numbered(serviceNames, k),
			tier: []string{"critical", "standard", "standard", "internal"}[k%4], ready: -1, built: -1, staged: -1, delivered: -1, versioned: -1,
		}
		s.dice = newDice(cfg.Seed, "service "+s.name)
		s.repo = o.repoFor(s, k)
		s.habits = habitsOf(s)
		s.base = baselineOf(s)
		for _, env := range s.habits.environments {
			s.lanes = append(s.lanes, &lane{env: env})
		}
		total += t.character.pace
		o.services = append(o.services, s)
		o.byName[s.name] = s
		// A service needs some of those that were there before it.
		for range min(i, d.IntN(4)) {
			n := o.services[d.IntN(i)]
			if !has(s.needs, n) {
				s.needs, n.needed = append(s.needs, n), append(n.needed, s)
			}
		}
	}
	for _, s := range o.services {
		s.setRates(cfg, float64(cfg.Services)/total)
		if cfg.Gaming {
			s.game()
		}
	}
}

func has(list []*service, s *service) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func numbered(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("%s-%d", names[i%len(names)], i/len(names)+1)
}

// repoFor returns the repository of a service. Every third team keeps all of
// its services in one, up to the 64 that fit.
func (o *Org) repoFor(s *service, k int) *repo {
	mono := s.team == o.teams[len(o.teams)-1] || o.teamIndex(s.team)%3 == 2
	if !mono {
		r := o.newRepo("acme/" + s.name)
		s.bit = 1
		r.services = append(r.services, s)
		return r
	}
	name := "acme/" + s.team.name
	if k >= 64 {
		name = fmt.Sprintf("%s-%d", name, k/64+1)
	}
	var r *repo
	for _, x := range o.repos {
		if x.name == name {
			r = x
		}
	}
	if r == nil {
		r = o.newRepo(name)
	}
	s.bit, s.path = 1<<(k%64), "services/"+s.name
	r.services = append(r.services, s)
	return r
}

func (o *Org) teamIndex(t *team) int {
	for i, x := range o.teams {
		if x == t {
			return i
		}
	}
	return -1
}

func (o *Org) newRepo(name string) *repo {
	r := &repo{org: o, name: name, dice: newDice(o.cfg.Seed, "repository "+name)}
	r.seed = r.dice.Uint64()
	o.repos = append(o.repos, r)
	return r
}

// years is how much of the record has passed at t.
func (o *Org) years(t plimsoll.Time) float64 {
	return float64(t.Sub(o.cfg.Start)) / float64(year)
}
