package derive

import (
	"slices"

	"github.com/plimsoll-dev/plimsoll"
)

// below is what became of the commits of one repository before production, by
// commit number; nil while nothing is deployed there.
type below struct {
	first []*step // the first deployment below production with the commit
	ready []*step // the first of the same environment that completed with it
}

// stage finds the way of each commit through the environments below
// production. (definitions 2.6)
func (t *timeline) stage(arrivals map[string]*arrival) {
	for _, s := range t.steps {
		if s.fact.Production || !s.report.Reached() || s.repo == nil || len(s.contents) == 0 {
			continue
		}
		a := arrivals[s.repo.Name]
		if a == nil {
			continue
		}
		b := &a.below
		if b.first == nil {
			b.first, b.ready = make([]*step, s.repo.Graph.Len()), make([]*step, s.repo.Graph.Len())
		}
		for _, i := range s.contents {
			if b.first[i] == nil {
				b.first[i] = s
			}
			if s.success && b.ready[i] == nil && b.first[i].fact.Environment == s.fact.Environment {
				b.ready[i] = s
			}
		}
	}
}

// stamp notes the moments on the way of what came with commit i, by the
// deployment by; nil while it is open. What came when that deployment had begun
// was not on its way. (definitions 2.6)
func (a *arrival) stamp(d *plimsoll.Delivery, i int32, by *step) {
	end := plimsoll.Forever
	if by != nil {
		end = by.fact.BegunAt()
	}
	builds := a.repo.commits[i].Builds
	if d.PullRequest == 0 {
		d.MergedAt = d.CommittedAt
	} else {
		p := a.ofPull(d.PullRequest)
		d.FirstCommitAt, d.OpenedAt, d.FirstReviewAt, d.ApprovedAt, d.MergedAt = p.FirstCommitAt, p.OpenedAt, p.FirstReviewAt, p.ApprovedAt, p.MergedAt
		if m, ok := a.repo.landing(d.PullRequest); ok {
			builds = a.repo.commits[m].Builds
		}
	}
	if k, _ := slices.BinarySearch(builds, d.MergedAt); k < len(builds) && builds[k] <= end {
		d.BuiltAt = builds[k]
	}
	if a.below.first == nil {
		return
	}
	if s := a.below.first[i]; s != nil && s.fact.StartedAt <= end {
		d.StagedAt = s.fact.StartedAt
	}
	if s := a.below.ready[i]; s != nil {
		if ready := s.fact.ReadyAt.Or(s.fact.FinishedAt); ready <= end {
			d.ReadyAt = ready
		}
	}
}

// ofPull returns what a pull request says of its own way. Its first commit is
// the earliest that is known, unless that is later than the pull request. One
// that does not say when it was merged was merged when its merge commit was made.
func (a *arrival) ofPull(number int) plimsoll.Stamps {
	if st, ok := a.pulls[number]; ok {
		return st
	}
	p := a.repo.pulls[number]
	st := plimsoll.Stamps{
		FirstCommitAt: p.FirstCommitAt, OpenedAt: p.OpenedAt, FirstReviewAt: p.FirstReviewAt,
		ApprovedAt: p.ApprovedAt, MergedAt: p.MergedAt,
	}
	for _, i := range a.repo.members[number] {
		// Only what was squashed is younger than the pull request itself.
		if at := a.repo.commits[i].AuthoredAt; !p.OpenedAt.Known() || at <= p.OpenedAt {
			st.FirstCommitAt = plimsoll.First(st.FirstCommitAt, at)
		}
	}
	if m, ok := a.repo.landing(number); ok && !st.MergedAt.Known() {
		st.MergedAt = a.repo.commits[m].CommittedAt
	}
	if a.pulls == nil {
		a.pulls = map[int]plimsoll.Stamps{}
	}
	a.pulls[number] = st
	return st
}
