package derive

import (
	"slices"
	"strconv"

	"github.com/plimsoll-dev/plimsoll"
)

// arrival is what became of the commits of one repository in production.
type arrival struct {
	repo        *Repository
	deliveredBy []*step // by commit number
	exposedAt   []plimsoll.Time
	before      []bool  // came with a deployment of which nobody knows what it brought
	heads       []int32 // commits that production stood at, to stay
	below       below
	pulls       map[int]plimsoll.Stamps // of pull requests, as far as nothing else decides
}

// settle notes that all commits up to head were in production by now, though
// nobody knows since when. What an earlier deployment delivered stays its own.
func (a *arrival) settle(head int32) {
	stack := []int32{head}
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if !a.before[i] {
			a.before[i] = true
			stack = append(stack, a.repo.Graph.Parents(i)...)
		}
	}
}

// deliver pairs each change and each pull request with the first production
// deployment that brought it to stay, and lists those still waiting.
// (definitions 1.7, 1.8, 2.2)
func (t *timeline) deliver() []plimsoll.Delivery {
	limit := t.Settings.TakenBackLimit()
	arrivals := map[string]*arrival{}
	bare := map[string]bool{} // shas delivered without a graph
	var out []plimsoll.Delivery
	for _, s := range t.steps {
		if !s.fact.Production || !s.report.Reached() {
			continue
		}
		stays := s.delivering(limit)
		if stays && !s.hasHead && !bare[s.fact.CommitSHA] {
			bare[s.fact.CommitSHA] = true
			if s.fact.Coverage == plimsoll.CoverageHeadOnly && s.fact.Contains == 1 {
				out = append(out, s.bareDelivery())
			}
		}
		if s.repo == nil {
			continue
		}
		a := arrivals[s.repo.Name]
		if a == nil {
			a = &arrival{
				repo:        s.repo,
				deliveredBy: make([]*step, s.repo.Graph.Len()),
				exposedAt:   make([]plimsoll.Time, s.repo.Graph.Len()),
				before:      make([]bool, s.repo.Graph.Len()),
			}
			arrivals[s.repo.Name] = a
		}
		if stays && s.hasHead {
			a.heads = append(a.heads, s.head)
		}
		for _, i := range s.contents {
			if a.exposedAt[i] == 0 && s.fact.Result != plimsoll.ResultFailure {
				a.exposedAt[i] = s.fact.EndedAt()
			}
			if stays && a.deliveredBy[i] == nil && !a.before[i] {
				a.deliveredBy[i] = s
			}
		}
		if stays && s.hasHead && (s.fact.Coverage == plimsoll.CoverageFirst || s.fact.Coverage == plimsoll.CoverageNone) {
			a.settle(s.head)
		}
	}
	t.stage(arrivals)
	for _, name := range sortedKeys(arrivals) {
		a := arrivals[name]
		reached := a.repo.Graph.Reached(a.heads)
		a.repo.link()
		out = slices.Grow(out, len(a.repo.commits)+len(a.repo.numbers))
		out = t.changes(out, a, reached)
		out = t.pullRequests(out, a, reached)
	}
	return out
}

// changes appends a row for each change that was delivered, or is still open.
func (t *timeline) changes(out []plimsoll.Delivery, a *arrival, reached []bool) []plimsoll.Delivery {
	for i := range a.repo.commits {
		c := &a.repo.commits[i]
		by := a.deliveredBy[i]
		if by == nil && (reached[i] || len(a.heads) == 0) || c.Merge || !a.repo.Graph.known[i] || !t.Service.Owns(c.Paths) {
			continue
		}
		d := plimsoll.Delivery{
			Service:     t.Service.Name,
			Basis:       plimsoll.BasisChange,
			Repository:  a.repo.Name,
			Key:         a.repo.Graph.SHA(int32(i)),
			StartAt:     a.repo.startOf(int32(i)),
			CommittedAt: c.CommittedAt,
			ExposedAt:   a.exposedAt[i],
			PullRequest: a.pull(int32(i)),
			Bot:         c.Bot,
			Team:        t.team,
		}
		arrive(&d, by)
		a.stamp(&d, int32(i), by)
		if by != nil {
			by.fact.Brought++
			by.fact.OldestAt = plimsoll.First(by.fact.OldestAt, d.StartAt)
		}
		out = append(out, d)
	}
	return out
}

// pull is the pull request with which commit i came: of several that brought it,
// the one whose merge the same deployment delivered.
func (a *arrival) pull(i int32) int {
	number := a.repo.pull(i)
	for _, other := range a.repo.shared[i] {
		if m, ok := a.repo.landing(number); ok && a.deliveredBy[m] == a.deliveredBy[i] {
			break
		}
		number = other
	}
	return number
}

// pullRequests appends a row for each merged pull request that brought changes
// of the service: from its first commit to its delivery.
func (t *timeline) pullRequests(out []plimsoll.Delivery, a *arrival, reached []bool) []plimsoll.Delivery {
	for _, number := range a.repo.numbers {
		p := a.repo.pulls[number]
		d := plimsoll.Delivery{
			Service: t.Service.Name, Basis: plimsoll.BasisPullRequest, Repository: a.repo.Name,
			Key: strconv.Itoa(number), PullRequest: number, StartAt: p.FirstCommitAt, Team: t.team,
		}
		last, landed := a.repo.landing(number)
		members := a.repo.members[number]
		owned, bot := false, true
		for _, i := range members {
			c := &a.repo.commits[i]
			owned = owned || t.Service.Owns(c.Paths)
			bot = bot && c.Bot
			d.StartAt = plimsoll.First(d.StartAt, c.AuthoredAt)
		}
		if !landed && len(members) > 0 {
			last, landed = a.latest(members), true
		}
		if !landed || !owned {
			continue
		}
		by := a.deliveredBy[last]
		if by == nil && (reached[last] || len(a.heads) == 0) {
			continue
		}
		d.Bot = bot
		d.CommittedAt = a.repo.commits[last].CommittedAt
		d.ExposedAt = a.exposedAt[last]
		arrive(&d, by)
		a.stamp(&d, last, by)
		out = append(out, d)
	}
	return out
}

// latest returns the commit of a pull request without a merge commit with
// which the whole of it had arrived: one that has not, else the last delivered.
func (a *arrival) latest(members []int32) int32 {
	last := members[0]
	for _, i := range members[1:] {
		switch x, y := a.deliveredBy[last], a.deliveredBy[i]; {
		case x == nil && y != nil:
		case y == nil && x != nil, x != nil && byTime(x.report, y.report) < 0:
			last = i
		case x == y && a.repo.Graph.shas[i] > a.repo.Graph.shas[last]:
			last = i
		}
	}
	return last
}

// arrive fills in the deployment that delivered d, if one did.
func arrive(d *plimsoll.Delivery, by *step) {
	if by != nil {
		d.DeliveredAt = by.fact.EndedAt()
		d.Deployment = by.fact.ID
		d.Team = by.fact.Team
		d.DeployStartedAt = by.fact.StartedAt
	}
}

// bareDelivery is the one change of a deployment of which only the commit and
// its time are known. (definitions 1.6, coverage head_only)
func (s *step) bareDelivery() plimsoll.Delivery {
	f := &s.fact
	f.Brought = 1
	f.OldestAt = f.CommitAt
	d := plimsoll.Delivery{
		Service: f.Service, Basis: plimsoll.BasisChange, Repository: f.Repository, Key: f.CommitSHA,
		StartAt: f.CommitAt, CommittedAt: f.CommitAt, ExposedAt: f.EndedAt(),
	}
	d.MergedAt = f.CommitAt
	arrive(&d, s)
	return d
}
