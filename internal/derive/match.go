package derive

import (
	"cmp"
	"slices"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// matchSlack is how far apart two tools may report the same roll-out.
const matchSlack = 15 * time.Minute

// report is one deployment on its way to becoming a fact.
type report struct {
	plimsoll.Reported
	first        plimsoll.DeploymentReport // as it stood before others joined
	aliases      []string
	rolledBackAt plimsoll.Time
}

// byTime orders deployments by the time they count at. The id decides the
// rest, so that the order never depends on arrival.
func byTime(a, b *report) int {
	return cmp.Or(
		cmp.Compare(a.EndedAt(), b.EndedAt()),
		cmp.Compare(a.BegunAt(), b.BegunAt()),
		cmp.Compare(a.ID, b.ID),
	)
}

func byBeginning(a, b *report) int {
	return cmp.Or(cmp.Compare(a.BegunAt(), b.BegunAt()), cmp.Compare(a.ID, b.ID))
}

// identify turns what was reported of one service into its deployments: an
// outcome reported apart joins the deployment it names, and what two tools
// reported of one roll-out becomes one. (definitions 1.1, architecture
// "Identity of a deployment".)
func identify(in []plimsoll.Reported) []*report {
	all := make([]*report, len(in))
	for i := range in {
		all[i] = &report{Reported: in[i], first: in[i].DeploymentReport}
	}
	slices.SortFunc(all, byBeginning)
	return joinSources(joinOutcomes(all))
}

// joinOutcomes gives each bare outcome ("v2.1.0 was taken back at 10:40") to
// the latest deployment of that build before it. One that names nothing known
// stands for itself.
func joinOutcomes(all []*report) []*report {
	kept := make([]*report, 0, len(all))
	var undone []*report
	for _, r := range all {
		if r.Undo {
			undone = append(undone, r)
		} else {
			kept = append(kept, r)
		}
	}
	for _, u := range undone {
		var target *report
		for _, r := range kept {
			if !r.Undo && r.Environment == u.Environment && r.SameBuild(u.DeploymentReport) &&
				r.EndedAt() <= u.EndedAt() && (target == nil || byTime(r, target) > 0) {
				target = r
			}
		}
		if target == nil {
			kept = append(kept, u)
			continue
		}
		target.Result = plimsoll.ResultRolledBack
		if u.EndedAt() > target.EndedAt() {
			target.rolledBackAt = plimsoll.First(target.rolledBackAt, u.EndedAt())
		}
		target.aliases = append(target.aliases, u.ID)
	}
	slices.SortFunc(kept, byBeginning)
	return kept
}

// joinSources joins deployments that different tools reported of one roll-out:
// the same environment and build, with times that overlap by 15 minutes of
// slack. Each is compared with the first report of a roll-out only, never with
// those that joined it, so that a chain of near ones cannot grow together.
func joinSources(all []*report) []*report {
	var out []*report
	from := 0 // earlier ones ended too long ago to overlap
	for _, r := range all {
		for from < len(out) && out[from].first.EndedAt().Add(matchSlack) < r.BegunAt() {
			from++
		}
		head := (*report)(nil)
		for _, h := range out[from:] {
			if h.Environment == r.Environment && h.first.SameBuild(r.DeploymentReport) &&
				disjoint(h.Sources, r.Sources) && overlap(h.first, r.first) {
				head = h
				break
			}
		}
		if head == nil {
			out = append(out, r)
			continue
		}
		head.join(r)
	}
	return out
}

// join lays r over or under the head, the better source on top.
func (h *report) join(r *report) {
	id, aliases := h.ID, append(append(h.aliases, r.ID), r.aliases...)
	low, high := h.Reported, r.Reported
	if rank(high) < rank(low) {
		low, high = high, low
	}
	joined := high
	joined.DeploymentReport = low.DeploymentReport.Over(high.DeploymentReport)
	joined.Sources = append(append([]string(nil), low.Sources...), high.Sources...)
	slices.Sort(joined.Sources)
	joined.ID = id
	if high.Result == "" {
		joined.ResultAt = low.ResultAt
	}
	h.Reported, h.aliases = joined, aliases
	h.rolledBackAt = plimsoll.First(h.rolledBackAt, r.rolledBackAt)
}

func rank(r plimsoll.Reported) int {
	best := 0
	for _, s := range r.Sources {
		best = max(best, plimsoll.SourceRank(s))
	}
	return best
}

func disjoint(a, b []string) bool {
	for _, s := range a {
		if slices.Contains(b, s) {
			return false
		}
	}
	return true
}

func overlap(a, b plimsoll.DeploymentReport) bool {
	return a.BegunAt() <= b.EndedAt().Add(matchSlack) && b.BegunAt() <= a.EndedAt().Add(matchSlack)
}
