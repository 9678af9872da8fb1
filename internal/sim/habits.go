package sim

import (
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// habits are how one service is built and rolled out. Gaps are of working time.
type habits struct {
	environments []string // of production, the first goes first
	canary       bool
	direct       bool // neither canary nor rolling
	staged       bool // tried in staging first
	reporters    reporters
	flaws        float64 // share of releases that break something

	pullGap    time.Duration
	slotGap    time.Duration
	flagGap    time.Duration // of all time, not only work
	outsideGap time.Duration // likewise
	hours      float64       // of the service's golden signals to be bad before anybody looks

	sign Sign // of gaming that it shows
}

// reporters are the tools that tell of a roll-out.
type reporters struct {
	start  bool   // one report when it begins, another when it ends
	main   string // the source
	second bool   // the cluster reports it too, under an id of its own
}

// Shares of the roll-outs that are due.
const (
	shareConfig     = 0.05
	shareRedeploy   = 0.02
	shareCanceled   = 0.015
	shareSuperseded = 0.01
	shareRehearsal  = 0.006
)

func habitsOf(s *service) habits {
	d, c := s.dice, s.team.character
	h := habits{
		environments: []string{"production"},
		canary:       c.canary && d.chance(0.7),
		staged:       d.chance(0.85),
		reporters:    reporters{main: "github-actions"},
		hours:        0.3 + d.Float64(),
	}
	h.direct = !h.canary && d.chance(0.3)
	switch k := s.index; {
	case k%11 == 3:
		h.environments = []string{"production-eu", "production-us"}
	case k%13 == 5:
		h.environments = []string{"prod"}
	case k%7 == 1:
		h.reporters.second = true
	}
	h.reporters.start = h.canary || h.reporters.second
	if h.canary && !h.reporters.second {
		h.reporters.main = "argo-rollouts"
	}
	return h
}

// setRates makes the service as busy as its team's pace and the Config ask.
func (s *service) setRates(cfg Config, norm float64) {
	const repairs = 0.90 // of all roll-outs are due; the rest are repairs
	c, h := s.team.character, &s.habits
	rollouts := cfg.Deployments * c.pace * norm / float64(len(h.environments))
	work := time.Duration(s.team.calendar.share() * float64(year) * 0.96) // without the freeze
	h.slotGap = time.Duration(float64(work) / (rollouts * repairs))
	perPull := c.squash + (1-c.squash)*meanCommits
	perPull = ((1-c.direct)*perPull + c.direct) * 1.1 // repairs are changes too
	h.pullGap = time.Duration(float64(work) * perPull / (rollouts * float64(len(h.environments)) * cfg.Changes))
	h.flaws = cfg.FlawShare
	h.flagGap, h.outsideGap = gap(cfg.Flags), gap(cfg.Outside)
}

// gap is the mean time between things that happen so often a year; zero means
// never.
func gap(perYear float64) time.Duration {
	if perYear == 0 {
		return 0
	}
	return time.Duration(float64(year) / perYear)
}

// rate is how busy the service is at t; 1 is usual.
func (s *service) rate(t plimsoll.Time) float64 { return s.team.character.rate(t.Std()) }
