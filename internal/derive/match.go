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

// identify turns what was reported of one service into its deployments: what
// two tools reported of one roll-out becomes one, and an outcome reported apart
// joins the deployment it names. (definitions 1.1)
func identify(in []plimsoll.Reported) []*report {
	all := make([]*report, 0, len(in))
	var outcomes []*report
	for i := range in {
		r := &report{Reported: in[i]}
		r.settleTimes()
		r.first = r.DeploymentReport
		if r.Undo {
			outcomes = append(outcomes, r)
		} else {
			all = append(all, r)
		}
	}
	all = joinSources(all)
	return append(all, joinSources(joinOutcomes(all, outcomes))...)
}

// settleTimes drops a start that lies after the finish. Each of two reports may
// be right by its own clock, but a roll-out does not run backwards, and it
// counts at its finish.
func (r *report) settleTimes() {
	if r.FinishedAt.Known() && r.StartedAt > r.FinishedAt {
		r.StartedAt = 0
	}
}

// joinOutcomes gives each bare outcome ("v2.1.0 was taken back at 10:40") to
// the latest deployment of that build before it, and returns those that name
// nothing known. What never reached its users cannot be taken back.
func joinOutcomes(all, outcomes []*report) (alone []*report) {
	slices.SortFunc(outcomes, byBeginning)
	for _, u := range outcomes {
		var target *report
		for _, r := range all {
			if r.Environment == u.Environment && r.SameBuild(u.DeploymentReport) && r.EndedAt() <= u.EndedAt() &&
				(r.Reached() || r.Outcome() == plimsoll.ResultRunning) && (target == nil || byTime(r, target) > 0) {
				target = r
			}
		}
		if target == nil {
			alone = append(alone, u)
			continue
		}
		target.undo(u)
	}
	return alone
}

// undo records that r was taken back. One that had failed by itself stays a
// failed one; the users were relieved all the same.
func (r *report) undo(u *report) {
	if o := r.Outcome(); o != plimsoll.ResultFailure && o != plimsoll.ResultAborted {
		r.Result, r.ResultAt = plimsoll.ResultRolledBack, u.ResultAt
	}
	if u.EndedAt() > r.EndedAt() {
		r.rolledBackAt = plimsoll.First(r.rolledBackAt, u.EndedAt())
	}
	r.aliases = append(r.aliases, u.ID)
}

// joinSources joins deployments that different tools reported of one roll-out:
// the same environment and build, with times that overlap by 15 minutes of
// slack. Each is compared with the first report of a roll-out only, never with
// those that joined it, so that a chain of near ones cannot grow together.
func joinSources(all []*report) []*report {
	slices.SortFunc(all, byBeginning)
	var out []*report
	// Roll-outs by what they roll out, each list by beginning: two reports of
	// the same build share its commit or its version.
	builds := map[string][]*report{}
	for _, r := range all {
		if head := headOf(r, builds); head != nil {
			head.join(r)
			continue
		}
		out = append(out, r)
		for _, b := range buildsOf(r) {
			builds[b] = append(builds[b], r)
		}
	}
	return out
}

func buildsOf(r *report) []string {
	var names []string
	if r.first.CommitSHA != "" {
		names = append(names, r.Environment+"\x00c\x00"+r.first.CommitSHA)
	}
	if r.first.Version != "" {
		names = append(names, r.Environment+"\x00v\x00"+r.first.Version)
	}
	return names
}

// headOf finds the first roll-out that r is another report of.
func headOf(r *report, builds map[string][]*report) *report {
	var head *report
	for _, b := range buildsOf(r) {
		for _, h := range builds[b] {
			if h.first.SameBuild(r.DeploymentReport) && disjoint(h.Sources, r.Sources) && overlap(h.first, r.first) {
				if head == nil || byBeginning(h, head) < 0 {
					head = h
				}
				break
			}
		}
	}
	return head
}

// join lays another report of the roll-out over or under r, the better source
// on top. The result is the exception: it changes as a roll-out goes on, so the
// later report wins.
func (r *report) join(o *report) {
	id, aliases := r.ID, append(append(r.aliases, o.ID), o.aliases...)
	low, high := r.Reported, o.Reported
	if rank(high) < rank(low) {
		low, high = high, low
	}
	result := high
	if cmp.Or(cmp.Compare(low.ResultAt, high.ResultAt), cmp.Compare(rank(low), rank(high)), cmp.Compare(low.StageOf(), high.StageOf())) > 0 {
		result = low
	}
	joined := high
	joined.DeploymentReport = low.DeploymentReport.Over(high.DeploymentReport)
	joined.Sources = append(append([]string(nil), low.Sources...), high.Sources...)
	slices.Sort(joined.Sources)
	joined.ID = id
	joined.Result, joined.ResultAt = result.Result, result.ResultAt
	r.Reported, r.aliases = joined, aliases
	r.settleTimes()
	r.rolledBackAt = plimsoll.First(r.rolledBackAt, o.rolledBackAt)
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
