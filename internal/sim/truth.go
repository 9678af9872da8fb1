package sim

import "github.com/plimsoll-dev/plimsoll"

// Truth is what really happened so far, from the simulation's own bookkeeping.
// Of two readings it holds that of the world: a deployment broke something even
// if nobody linked the incident to it. Each field says where the definitions
// may read otherwise from what was reported.
type Truth struct {
	Deployments []*DeploymentTruth // roll-outs that ended, in that order; production only
	Failures    []*FailureTruth    // in the order in which they were noticed
	Incidents   []*IncidentTruth   // in the order in which they were opened
	Flags       []*FlagTruth

	byID map[string]*DeploymentTruth
}

// DeploymentTruth is one roll-out in production.
type DeploymentTruth struct {
	ID          string // the id that the facts go by
	Other       string // id under which a second source reported it, "" if none did
	Service     string
	Environment string
	Kind        plimsoll.Kind // in truth; a relabelled change is a change. "" if it never reached its users
	Result      plimsoll.Result
	Planned     bool          // of a roll-back: a rehearsal
	StartedAt   plimsoll.Time // by the better source, where two report it
	FinishedAt  plimsoll.Time

	// Contains counts the changes that it had and the last successful one of its
	// environment had not.
	Contains int
	// Changes are those that came to the users of the service with it, and were
	// not taken back within 24 hours. For rewritten commits the clock starts
	// where the work began, which the commits no longer say.
	Changes []ChangeTruth
	Pulls   []PullTruth // likewise

	// Broke says that it harmed its users, noticed or not, reported or not.
	Broke bool
	// Evidence is what was said of that so far and needs no guess to be found:
	// its own result, a roll-back or hotfix of it, an incident that names it.
	Evidence []plimsoll.EvidenceKind

	RolledBackAt plimsoll.Time // when it was taken back, planned or not
	Sign         Sign          // of gaming that it is part of
}

// ChangeTruth is a change that was delivered.
type ChangeTruth struct {
	SHA             string
	StartAt         plimsoll.Time
	plimsoll.Stamps // those that came before the roll-out began, and its start
}

// PullTruth is a pull request that was delivered.
type PullTruth struct {
	Number  int
	StartAt plimsoll.Time
}

// FailureTruth is one impairment by one or several deployments in a row, with
// the times that the definitions count by if every link is known: those of its
// incident if there is one, else those of the deployments.
type FailureTruth struct {
	Service     string
	Deployments []string
	Incident    string // id, "" for none
	FailedAt    plimsoll.Time
	RestoredAt  plimsoll.Time // unknown while open
	HarmFrom    plimsoll.Time // when users began to be harmed, known to nobody
	HarmTo      plimsoll.Time
	Explicit    bool // every link was reported by now; nothing has to be guessed
}

// CauseKind says what an incident came from.
type CauseKind string

// The kinds of causes.
const (
	CauseDeployment CauseKind = "deployment"
	CauseFlag       CauseKind = "flag"
	CauseNone       CauseKind = "none" // nothing that was released
)

// IncidentTruth is one incident and where it came from.
type IncidentTruth struct {
	ID           string
	Cause        CauseKind
	CauseID      string // of the deployment or flag change
	CauseService string
	Services     []string      // that it names
	Named        bool          // it names its cause, by now
	StartedAt    plimsoll.Time // of the harm; not every report has it
	ResolvedAt   plimsoll.Time
	Reopened     bool

	// InReach says that the cause is a deployment of one of its services, or of
	// one that they depend on, that ended at most 24 hours before the harm began.
	InReach bool
}

// FlagTruth is one change of a feature flag.
type FlagTruth struct {
	ID      string
	Service string
	At      plimsoll.Time
	Broke   bool   // it caused an incident
	Fixes   string // id of the incident that it ended
}

func newTruth() *Truth { return &Truth{byID: map[string]*DeploymentTruth{}} }

// Truth is what happened so far, nil if the Config asked for none. It goes on
// changing with Until.
func (o *Org) Truth() *Truth { return o.truth }

// Deployment finds a roll-out by either of its ids, nil if there is none.
func (t *Truth) Deployment(id string) *DeploymentTruth { return t.byID[id] }

// Waiting lists the changes of a service that were merged and have not come to
// its users by now.
func (o *Org) Waiting(service string) []ChangeTruth {
	s := o.byName[service]
	if s == nil || s.delivered < 0 {
		return nil
	}
	changes, _ := s.between(s.delivered, s.repo.last(), 0)
	return changes
}

// between lists the changes and pull requests of the service in the entries
// after from up to and including to.
func (s *service) between(from, to int, started plimsoll.Time) (changes []ChangeTruth, pulls []PullTruth) {
	for pos := from + 1; pos <= to; pos++ {
		e := s.repo.at(pos)
		if e.owners&s.bit == 0 {
			continue
		}
		for _, c := range e.commits {
			if c.owners&s.bit != 0 {
				changes = append(changes, ChangeTruth{SHA: s.repo.sha(c.number), StartAt: c.start, Stamps: s.stamps(pos, started)})
			}
		}
		if e.pull != 0 {
			pulls = append(pulls, PullTruth{Number: e.pull, StartAt: e.pullFrom})
		}
	}
	return changes, pulls
}

// stamps are the moments on the way of the entry at a position to the roll-out
// that started then; 0 is none. What the first deployment in staging held is not
// reported, so nobody knows when that was staged.
func (s *service) stamps(pos int, started plimsoll.Time) plimsoll.Stamps {
	e := s.repo.at(pos)
	out := e.pullEnds
	out.DeployStartedAt = started
	if started == 0 || e.built <= started {
		out.BuiltAt = e.built
	}
	for k, t := range s.stagings {
		if t.pos < pos {
			continue
		}
		if k > 0 && (started == 0 || t.started <= started) {
			out.StagedAt = t.started
		}
		if k > 0 && (started == 0 || t.ready <= started) {
			out.ReadyAt = t.ready
		}
		break
	}
	return out
}

// count is the number of changes of the service in the same entries.
func (s *service) count(from, to int) int {
	n := 0
	for pos := from + 1; pos <= to; pos++ {
		for _, c := range s.repo.at(pos).commits {
			if c.owners&s.bit != 0 {
				n++
			}
		}
	}
	return n
}

// record notes a roll-out that has ended.
func (o *Org) record(r *rollout) {
	if o.truth == nil {
		return
	}
	t := &DeploymentTruth{
		ID: r.id, Other: r.second, Service: r.service.name, Environment: r.lane.env, Kind: r.kind, Result: r.fate,
		Planned: r.planned, StartedAt: r.started, FinishedAt: r.finished, Broke: r.flawed, Sign: r.sign,
	}
	switch r.fate {
	case plimsoll.ResultCanceled, plimsoll.ResultSuperseded:
		t.Kind = ""
	case plimsoll.ResultFailure:
		t.Evidence = append(t.Evidence, plimsoll.EvidenceRollout)
	case plimsoll.ResultAborted:
		t.Evidence = append(t.Evidence, plimsoll.EvidenceCanary)
	}
	r.truth = t
	o.truth.Deployments = append(o.truth.Deployments, t)
	o.truth.byID[r.id] = t
	if r.second != "" {
		o.truth.byID[r.second] = t
	}
}

// witness notes that something was said of a deployment that broke.
func (r *rollout) witness(kind plimsoll.EvidenceKind) {
	if r.truth != nil {
		r.truth.Evidence = append(r.truth.Evidence, kind)
	}
}
