package derive

import (
	"slices"

	"github.com/plimsoll-dev/plimsoll"
)

// past is what completed in one environment so far, in order.
type past struct {
	steps     []*step
	bySHA     map[string][]int // positions at which a commit ran
	byVersion map[string][]int // positions at which a version ran
	unnamed   map[string][]int // … of those, where the commit was not known
}

func newPast() *past {
	return &past{bySHA: map[string][]int{}, byVersion: map[string][]int{}, unnamed: map[string][]int{}}
}

func (p *past) add(s *step) {
	i := len(p.steps)
	p.steps = append(p.steps, s)
	f := s.fact
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
// cannot, it is the build that first ran here earlier.
func (p *past) returnsTo(s *step) bool {
	before, running := p.runs(s), p.running()
	if len(before) == 0 {
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
	return before[0] < p.runs(running)[0]
}

// takeBack marks what the roll-back s took back: everything since the build it
// returns to last ran. It fails only the one it names, else the one that was
// running. (definitions 1.5)
func (p *past) takeBack(s *step) {
	target := p.named(s.fact.RollbackOf)
	if target < 0 {
		target = p.origin(len(p.steps) - 1)
	}
	if target < 0 {
		return
	}
	s.takes = p.steps[target]
	from := target
	if returned := p.runs(s); len(returned) > 0 && returned[len(returned)-1] < len(p.steps)-1 {
		from = min(from, p.lastBefore(returned, target)+1)
	}
	for _, d := range p.steps[from:] {
		if k := d.fact.Kind; k != plimsoll.KindRollback && k != plimsoll.KindRedeploy {
			d.takenBack(s)
		}
	}
}

// lastBefore is the greatest of the positions that lies before limit, else the
// position just before limit.
func (p *past) lastBefore(positions []int, limit int) int {
	for i := len(positions) - 1; i >= 0; i-- {
		if positions[i] < limit {
			return positions[i]
		}
	}
	return limit - 1
}

func (p *past) named(id string) int {
	if id == "" {
		return -1
	}
	return slices.IndexFunc(p.steps, func(d *step) bool {
		return d.fact.ID == id || slices.Contains(d.report.aliases, id)
	})
}

// origin is the deployment that first brought what runs at position i: going
// back or deploying again brings nothing of its own. It is −1 when that is
// before the record.
func (p *past) origin(i int) int {
	for i >= 0 {
		d := p.steps[i]
		if k := d.fact.Kind; k != plimsoll.KindRollback && k != plimsoll.KindRedeploy {
			return i
		}
		earlier := p.runs(d)
		at, _ := slices.BinarySearch(earlier, i)
		if at == 0 {
			return -1
		}
		i = earlier[at-1]
	}
	return -1
}

func (s *step) takenBack(by *step) {
	f := &s.fact
	if f.RolledBackBy != "" || f.Result != plimsoll.ResultSuccess && f.Result != plimsoll.ResultRolledBack {
		return
	}
	f.Result = plimsoll.ResultRolledBack
	f.RolledBackBy = by.fact.ID
	f.RolledBackAt = plimsoll.First(f.RolledBackAt, by.fact.EndedAt())
}
