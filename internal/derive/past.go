package derive

import (
	"slices"

	"github.com/plimsoll-dev/plimsoll"
)

// past is what reached one environment so far, in order.
type past struct {
	steps     []*step          // those that completed
	last      *step            // the last one, completed or not; nil at the start
	byID      map[string]*step // all of them, by every id
	bySHA     map[string][]int // positions among steps at which a commit ran
	byVersion map[string][]int // positions at which a version ran
	unnamed   map[string][]int // … of those, where the commit was not known
}

func newPast() *past {
	return &past{byID: map[string]*step{}, bySHA: map[string][]int{}, byVersion: map[string][]int{}, unnamed: map[string][]int{}}
}

func (p *past) add(s *step) {
	f := &s.fact
	p.last = s
	p.byID[f.ID] = s
	for _, a := range s.report.aliases {
		p.byID[a] = s
	}
	if !s.completed() {
		return
	}
	i := len(p.steps)
	p.steps = append(p.steps, s)
	if f.CommitSHA != "" {
		p.bySHA[f.CommitSHA] = append(p.bySHA[f.CommitSHA], i)
	}
	if f.Version != "" {
		p.byVersion[f.Version] = append(p.byVersion[f.Version], i)
		if f.CommitSHA == "" {
			p.unnamed[f.Version] = append(p.unnamed[f.Version], i)
		}
	}
}

// running is the last that completed, even if it was taken back since; nil
// when nothing did.
func (p *past) running() *step {
	if len(p.steps) == 0 {
		return nil
	}
	return p.steps[len(p.steps)-1]
}

// runs returns the positions at which the build of s ran, oldest first, by the
// rule of SameBuild.
func (p *past) runs(s *step) []int {
	if s.fact.CommitSHA == "" {
		return p.byVersion[s.fact.Version]
	}
	same := p.bySHA[s.fact.CommitSHA]
	if more := p.unnamed[s.fact.Version]; len(more) > 0 {
		same = slices.Concat(same, more)
		slices.Sort(same)
	}
	return same
}

// returnsTo reports whether s goes back to a build that ran here before and is
// older than what runs. The commit graph decides what is older; where it
// cannot, it is the build that first ran here earlier. (definitions 1.3)
func (p *past) returnsTo(s *step) bool {
	before, running := p.runs(s), p.running()
	since := p.runs(running)
	// A build without a name may be any build, also this one.
	if len(before) == 0 || len(since) == 0 {
		return false
	}
	if s.hasHead && running.hasHead && s.repo == running.repo {
		g := s.repo.Graph
		if g.Ancestor(s.head, running.head) {
			return true
		}
		if g.Ancestor(running.head, s.head) {
			return false
		}
	}
	return before[0] < since[0]
}

// takeBack finds the deployment that the roll-back s fails, and marks all that
// it took back: what ran since the build it returns to, and the one it fails. A
// roll-back that did not complete took nothing back, but shows the failure all
// the same. (definitions 1.5)
func (p *past) takeBack(s *step) {
	s.takes = p.target(s)
	if !s.completed() {
		return
	}
	if s.takes != nil {
		s.undoes = append(s.undoes, s.takes)
	}
	if returned := p.runs(s); len(returned) > 0 {
		s.undoes = append(s.undoes, p.steps[returned[len(returned)-1]+1:]...)
	}
	for _, d := range s.undoes {
		if k := d.fact.Kind; k != plimsoll.KindRollback && k != plimsoll.KindRedeploy {
			d.takenBack(s)
		}
	}
}

// target is the deployment that the roll-back s fails: the one it names, else
// what was running. After a roll-out that did not complete that one is meant,
// unless s goes back further than it had replaced. A name that nobody knows is
// not replaced by a guess.
func (p *past) target(s *step) *step {
	if of := s.fact.RollbackOf; of != "" {
		return p.named(of)
	}
	running := p.running()
	if p.last != nil && p.last != running {
		if before := p.runs(s); len(before) == 0 || before[len(before)-1] == len(p.steps)-1 {
			return p.last
		}
	}
	return p.origin(len(p.steps) - 1)
}

// named finds a deployment by any of its ids, else the last that rolled out
// the commit or the version of that name.
func (p *past) named(name string) *step {
	if d := p.byID[name]; d != nil {
		return d
	}
	for _, at := range [][]int{p.bySHA[name], p.byVersion[name]} {
		if len(at) > 0 {
			return p.origin(at[len(at)-1])
		}
	}
	return nil
}

// origin is the deployment that first brought what runs at position i: going
// back or deploying again brings nothing of its own. It is nil when that is
// before the record.
func (p *past) origin(i int) *step {
	for i >= 0 {
		d := p.steps[i]
		if k := d.fact.Kind; k != plimsoll.KindRollback && k != plimsoll.KindRedeploy {
			return d
		}
		earlier := p.runs(d)
		at, _ := slices.BinarySearch(earlier, i)
		if at == 0 {
			return nil
		}
		i = earlier[at-1]
	}
	return nil
}

func (s *step) takenBack(by *step) {
	f := &s.fact
	if f.RolledBackBy != "" {
		return
	}
	f.RolledBackBy = by.fact.ID
	f.RolledBackAt = plimsoll.First(f.RolledBackAt, by.fact.EndedAt())
	if s.completed() {
		f.Result = plimsoll.ResultRolledBack
	}
}
