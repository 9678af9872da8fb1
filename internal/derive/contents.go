package derive

import (
	"iter"

	"github.com/plimsoll-dev/plimsoll"
)

// contain finds which commits s brought: those reachable from its commit and
// not from the previous successful deployment of the environment. The first
// one starts the record and brings none. (definitions 1.6, 1.7)
func (t *timeline) contain(s, base *step) {
	f := &s.fact
	switch {
	case len(f.Changes) > 0:
		f.Coverage = plimsoll.CoverageStated
		t.containStated(s)
	case base == nil && f.PreviousSHA == "":
		f.Coverage = plimsoll.CoverageFirst
	case s.hasHead:
		exclude, ok := s.repo.Graph.Find(f.PreviousSHA)
		if base != nil && base.hasHead && base.repo == s.repo {
			exclude, ok = base.head, true
		}
		if !ok {
			f.Coverage = plimsoll.CoverageNone
			return
		}
		commits, whole := s.repo.Graph.Range(s.head, exclude)
		if !whole {
			f.Coverage = plimsoll.CoverageNone
			return
		}
		f.Coverage = plimsoll.CoverageGraph
		s.contents = commits
		s.count(t.Service)
	case f.CommitSHA != "" && f.CommitAt.Known():
		f.Coverage = plimsoll.CoverageHeadOnly
		if f.Kind != plimsoll.KindRollback && (base == nil || !f.SameBuild(base.fact.DeploymentReport)) {
			f.Contains = 1
		}
	default:
		f.Coverage = plimsoll.CoverageNone
	}
}

// containStated takes the sender's word. A commit that nobody has reported yet
// is one of them, but has no times, so it is delivered only once it is known.
func (t *timeline) containStated(s *step) {
	seen := map[string]bool{}
	for _, sha := range s.fact.Changes {
		if seen[sha] {
			continue
		}
		seen[sha] = true
		if s.repo != nil {
			if i, ok := s.repo.Graph.Find(sha); ok {
				s.contents = append(s.contents, i)
				continue
			}
		}
		s.fact.Contains++
	}
	s.count(t.Service)
}

// count says how many changes of the service s contains.
func (s *step) count(service plimsoll.ServiceReport) {
	for _, i := range s.contents {
		if s.repo.Commit(i).changes(service) {
			s.fact.Contains++
		}
	}
}

// changes reports whether the commit is a change of the service. (definitions
// 1.2)
func (c Commit) changes(service plimsoll.ServiceReport) bool {
	return !c.Merge && service.Owns(c.Paths)
}

// repairs reports whether s is a hotfix although nobody said so: it brings a
// branch named like one, or reverts what an earlier deployment brought within
// the limit. What another service of the repository repaired does not make it
// one. (definitions 1.3.14)
func (t *timeline) repairs(s *step, stream []*step) bool {
	for _, i := range s.contents {
		if number := s.repo.pull(i); number != 0 && s.repo.Commit(i).changes(t.Service) && t.branch(s.repo.pulls[number].Branch) {
			return true
		}
	}
	return t.reverted(s, stream) != nil
}

// reverted returns the latest earlier deployment of the environment, within
// the limit, of which s reverts a change; nil if there is none.
func (t *timeline) reverted(s *step, stream []*step) *step {
	undone := map[int32]bool{}
	for _, i := range s.contents {
		if c := s.repo.Commit(i); c.Reverts != "" && c.changes(t.Service) {
			if j, ok := s.repo.Graph.Find(c.Reverts); ok {
				undone[j] = true
			}
		}
	}
	if len(undone) == 0 {
		return nil
	}
	for d := range t.recent(s, stream) {
		if d.repo != s.repo {
			continue
		}
		for _, i := range d.contents {
			if undone[i] {
				return d
			}
		}
	}
	return nil
}

// recent returns the deployments before s that ended before s began, and not
// longer before than a hotfix may look back, the latest first. (definitions
// 3.2.1)
func (t *timeline) recent(s *step, stream []*step) iter.Seq[*step] {
	limit := plimsoll.Time(t.Settings.HotfixLimit().Microseconds())
	return func(yield func(*step) bool) {
		for i := s.at - 1; i >= 0; i-- {
			gap := s.fact.BegunAt() - stream[i].fact.EndedAt()
			if gap > limit {
				return // the ones before ended earlier still
			}
			if gap > 0 && !yield(stream[i]) {
				return
			}
		}
	}
}
