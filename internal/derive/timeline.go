package derive

import (
	"cmp"
	"slices"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// TimelineInput is everything the deployments of one service follow from.
type TimelineInput struct {
	Service      plimsoll.ServiceReport
	Deployments  []plimsoll.Reported
	Repositories map[string]*Repository // by name; those of the service
	Home         string                 // repository of deployments that name none, "" if unknown
	Settings     plimsoll.Settings
	Verdicts     []plimsoll.VerdictReport // on deployments of the service
	Words        map[string]plimsoll.Word // the latest of persons, by evidence
	Analyses     []plimsoll.AnalysisReport
}

// TimelineOutput is what follows for one service, without its incidents.
type TimelineOutput struct {
	Deployments []plimsoll.Deployment // by time
	Deliveries  []plimsoll.Delivery   // of changes and pull requests, delivered and open
	Evidence    []plimsoll.Evidence   // roll-backs, hotfixes, aborted canaries, failed roll-outs, harm to indicators
	Analyses    []plimsoll.Analysis   // by time
}

// Timeline derives the deployments of one service: what each one is, which one
// it follows, what it contains, what it delivered, and what it shows of the
// ones before it. (definitions 1 and 3.)
func Timeline(in TimelineInput) TimelineOutput {
	t := &timeline{TimelineInput: in, branch: in.Settings.HotfixPattern().MatchString}
	streams := map[string][]*step{}
	for _, r := range identify(in.Deployments) {
		s := &step{report: r}
		s.fact.DeploymentReport = r.DeploymentReport
		if s.fact.Repository == "" {
			s.fact.Repository = in.Home
		}
		t.steps = append(t.steps, s)
		streams[r.Environment] = append(streams[r.Environment], s)
	}
	slices.SortFunc(t.steps, func(a, b *step) int { return byTime(a.report, b.report) })
	t.team = in.Service.Team
	for i := len(t.steps) - 1; i >= 0 && t.team == ""; i-- {
		t.team = t.steps[i].fact.Team
	}
	t.resolveCommits()
	for _, environment := range sortedKeys(streams) {
		stream := streams[environment]
		slices.SortFunc(stream, func(a, b *step) int { return byTime(a.report, b.report) })
		t.walk(stream, in.Settings.InProduction(environment))
	}
	for _, s := range t.steps {
		s.fact.Team = cmp.Or(s.fact.Team, t.team)
	}
	t.examine()
	t.settle()
	out := TimelineOutput{Deliveries: t.deliver(), Evidence: t.evidence, Analyses: t.analyses()}
	for _, s := range t.steps {
		out.Deployments = append(out.Deployments, s.finish())
	}
	return out
}

// timeline is the state of one derivation.
type timeline struct {
	TimelineInput
	branch   func(string) bool
	team     string  // that owns the service now
	steps    []*step // all environments, by time
	evidence []plimsoll.Evidence
	harmful  map[string]bool // evidence that a harmful verdict gives, by id
}

// step is one deployment while its facts are worked out.
type step struct {
	report *report
	fact   plimsoll.Deployment

	at       int // index in its environment
	repo     *Repository
	head     int32 // of the deployed commit in repo
	hasHead  bool
	contents []int32 // commits it contains, merges included
	takes    *step   // the deployment it fails, if it is a roll-back
	undoes   []*step // those it took back
	success  bool    // completed, and was not reported taken back
}

func (s *step) finish() plimsoll.Deployment {
	f := s.fact
	f.Sources = s.report.Sources
	f.ResultAt = s.report.ResultAt
	f.Aliases = append([]string(nil), s.report.aliases...)
	slices.Sort(f.Aliases)
	f.Aliases = slices.Compact(f.Aliases)
	return f
}

// resolveCommits finds the commit of each deployment in a graph. A deployment
// that names only a version has the commit with which that version was
// deployed before.
func (t *timeline) resolveCommits() {
	shas := map[string]string{}
	for _, s := range t.steps {
		if s.fact.Version != "" && s.fact.CommitSHA != "" {
			if _, ok := shas[s.fact.Version]; !ok {
				shas[s.fact.Version] = s.fact.CommitSHA
			}
		}
	}
	for _, s := range t.steps {
		if s.fact.CommitSHA == "" && s.fact.Version != "" {
			s.fact.CommitSHA = shas[s.fact.Version]
		}
		if repo := t.Repositories[s.fact.Repository]; repo != nil {
			s.repo = repo
			s.head, s.hasHead = repo.Graph.Find(s.fact.CommitSHA)
		}
	}
}

// walk goes through the deployments of one environment in the order of time.
func (t *timeline) walk(stream []*step, production bool) {
	var (
		past = newPast()
		base *step // the last successful one: what the next is compared with
		seen bool
	)
	for i, s := range stream {
		s.at = i
		f := &s.fact
		f.Production = production
		f.Result = s.report.Outcome()
		s.success = f.Result == plimsoll.ResultSuccess
		if base != nil {
			f.Previous = base.fact.ID
		}
		s.decideKind(past, seen)
		t.contain(s, base)
		if f.Kind == plimsoll.KindChange && t.repairs(s, stream) {
			f.Kind = plimsoll.KindHotfix
		}
		f.Counted = s.report.Reached() && f.Kind != plimsoll.KindRedeploy
		f.Judged = f.Counted && production && f.Kind != plimsoll.KindRollback
		f.RolledBackAt = s.report.rolledBackAt
		if f.Result == plimsoll.ResultRolledBack && f.RolledBackAt == 0 && s.report.ResultAt > s.report.EndedAt() {
			f.RolledBackAt = s.report.ResultAt
		}
		if !s.report.Reached() {
			continue
		}
		seen = true
		if f.Kind == plimsoll.KindRollback {
			past.takeBack(s)
		}
		t.testify(s, stream)
		past.add(s)
		if s.success {
			base = s
		}
	}
}

// completed reports whether s stood in its environment, if only for a while.
func (s *step) completed() bool {
	return s.fact.Result == plimsoll.ResultSuccess || s.fact.Result == plimsoll.ResultRolledBack
}

// goneBy reports whether s had been taken back, by what was reported of it,
// before d ended. When nobody says when, it was before the next one.
func (s *step) goneBy(d *step) bool {
	return s.fact.Result == plimsoll.ResultRolledBack && s.fact.RolledBackAt <= d.fact.EndedAt()
}

// decideKind says what sort of deployment s is, unless that was stated.
// (definitions 1.3)
func (s *step) decideKind(past *past, seen bool) {
	f := &s.fact
	if f.Kind != "" || !s.report.Reached() && f.Result != plimsoll.ResultRunning {
		return
	}
	running := past.running()
	switch {
	case f.RollbackOf != "" || f.ChangeClass == "rollback":
		f.Kind = plimsoll.KindRollback
	case !seen:
		f.Kind = plimsoll.KindInitial
	case f.ChangeClass == "hotfix":
		f.Kind = plimsoll.KindHotfix
	case f.ChangeClass == "config":
		f.Kind = plimsoll.KindConfig
	case running == nil:
		f.Kind = plimsoll.KindChange
	case f.SameBuild(running.fact.DeploymentReport) && running.goneBy(s):
		// It comes back after it was taken back: its changes arrive now.
		f.Kind = plimsoll.KindChange
	case f.SameBuild(running.fact.DeploymentReport):
		f.Kind = plimsoll.KindRedeploy
		if f.Version != "" && running.fact.Version != "" && f.Version != running.fact.Version {
			f.Kind = plimsoll.KindConfig
		}
	case past.returnsTo(s):
		f.Kind = plimsoll.KindRollback
	default:
		f.Kind = plimsoll.KindChange
	}
}

// delivering reports whether the contents of s came to its users to stay: it
// completed and was not taken back within the limit. (definitions 1.8)
func (s *step) delivering(limit time.Duration) bool {
	switch s.fact.Result {
	case plimsoll.ResultSuccess:
		return true
	case plimsoll.ResultRolledBack:
		at := s.fact.RolledBackAt
		return at.Known() && at.Sub(s.fact.EndedAt()) > limit
	}
	return false
}
