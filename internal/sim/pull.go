package sim

import (
	"slices"
	"strconv"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// meanCommits is the mean of commitsOf.
const meanCommits = 2.3

// commitsOf draws how many commits a pull request has.
func commitsOf(d dice) int {
	n := 1
	for n < 8 && d.chance(0.57) {
		n++
	}
	return n
}

// pull is a pull request on its way, or a commit that is pushed without one.
type pull struct {
	plimsoll.PullRequestReport
	service *service
	fork    int // number of the commit it started from
	commits int
	squash  bool
	direct  bool
	bot     bool
	hotfix  bool
	reverts int // number of the commit it takes back, −1 for none
	owners  uint64
	fixes   *trouble
	rewrite bool // its commits are made anew when it is merged
}

// planPull plans the next piece of work.
func (s *service) planPull(now plimsoll.Time) {
	gap := s.dice.exp(time.Duration(float64(s.habits.pullGap) / s.rate(now)))
	s.org.agenda.plan(s.team.calendar.after(now, gap), func(now plimsoll.Time) {
		s.work(now)
		s.planPull(now)
	})
}

// work begins a piece of work: the first commit is made now.
func (s *service) work(now plimsoll.Time) {
	d, c, r, cal := s.dice, &s.team.character, s.repo, &s.team.calendar
	p := &pull{service: s, fork: r.head(), commits: 1, reverts: -1, owners: s.bit}
	p.Repository, p.FirstCommitAt = r.name, now
	if len(r.services) > 1 && d.chance(0.08) {
		p.owners |= pick(d, r.services).bit
	}
	if d.chance(c.direct) {
		p.direct = true
		s.org.agenda.plan(now.Add(d.about(4*time.Minute, 0.8)), p.merge)
		return
	}
	p.squash = d.chance(c.squash)
	p.bot = d.chance(0.1)
	p.rewrite = s.habits.sign == SignRewritten
	coding, pickup, review := d.about(c.coding, 0.8), d.about(c.pickup, 0.9), d.about(c.review, 0.8)
	if f := c.hurry(s.org.years(now)); f != 1 {
		pickup, review = time.Duration(float64(pickup)*f), time.Duration(float64(review)*f)
	}
	if p.bot {
		coding, pickup, review = time.Minute, pickup/2, 5*time.Minute
	} else {
		p.commits = commitsOf(d)
	}
	p.OpenedAt = cal.after(now, coding)
	p.FirstReviewAt = cal.after(p.OpenedAt, pickup)
	p.ApprovedAt = cal.after(p.FirstReviewAt, review*4/5)
	p.MergedAt = cal.after(p.ApprovedAt, review/5)
	s.org.agenda.plan(p.OpenedAt, p.open)
	if d.chance(0.05) {
		p.MergedAt = 0
		s.org.agenda.plan(p.FirstReviewAt, p.close)
		return
	}
	s.org.agenda.plan(p.MergedAt, p.merge)
}

var topics = []string{"search", "checkout", "login", "cache", "pager", "export", "rates", "alerts", "tests", "limits", "retries", "schema"}

// name gives the pull request its number and branch.
func (p *pull) name() {
	r := p.service.repo
	r.pulls++
	p.Number = r.pulls
	n := strconv.Itoa(p.Number)
	switch topic := topics[p.Number%len(topics)]; {
	case p.hotfix && p.reverts >= 0:
		p.Branch, p.Title = "revert-"+n, "Revert the change of "+topic
	case p.hotfix:
		p.Branch, p.Title = "hotfix/"+topic+"-"+n, "Repair "+topic
	case p.bot:
		p.Branch, p.Title = "dependabot/"+topic+"-"+n, "Bump "+topic
	default:
		p.Branch, p.Title = "feature/"+topic+"-"+n, "Work on "+topic
	}
}

func (p *pull) open(now plimsoll.Time) {
	p.name()
	p.report(now, plimsoll.PullRequestReport{PullRequestRef: plimsoll.PullRequestRef{
		Branch: p.Branch, Title: p.Title, FirstCommitAt: p.FirstCommitAt, OpenedAt: p.OpenedAt,
	}})
}

func (p *pull) close(now plimsoll.Time) {
	p.report(now, plimsoll.PullRequestReport{ClosedAt: now})
}

func (p *pull) report(now plimsoll.Time, r plimsoll.PullRequestReport) {
	r.Repository, r.Number = p.Repository, p.Number
	p.service.org.send(now, Item{Type: plimsoll.TypePullRequest, Source: "github", OccurredAt: now, PullRequest: &r})
}

// merge brings the work to the main line and builds it.
func (p *pull) merge(now plimsoll.Time) {
	r, s := p.service.repo, p.service
	e := entry{pull: p.Number, owners: p.owners, merged: now, pullFrom: p.FirstCommitAt, hotfix: p.hotfix && p.reverts < 0, reverts: p.reverts >= 0}
	base := r.head()
	var shas []string
	switch {
	case p.direct, p.squash:
		authored := now
		if p.direct {
			authored = p.FirstCommitAt
		}
		n := r.newCommit()
		c := p.change(n, base, authored, now)
		if p.reverts >= 0 {
			c.Reverts = r.sha(p.reverts)
		}
		r.send(now, c)
		e.head = n
		e.commits = []commit{{number: n, start: p.FirstCommitAt, owners: p.owners}}
	default:
		parent := p.fork
		for _, at := range p.times() {
			if p.rewrite {
				at, parent = now, max(parent, base) // they were made anew upon the main line
			}
			n := r.newCommit()
			r.send(now, p.change(n, parent, at, at))
			e.commits = append(e.commits, commit{number: n, start: p.startOf(at), owners: p.owners})
			shas = append(shas, r.sha(n))
			parent = n
		}
		e.head = r.newCommit()
		m := p.change(e.head, base, now, now)
		m.Parents, m.Paths = []string{r.sha(base), r.sha(parent)}, nil
		r.send(now, m)
	}
	e.pullEnds = p.ends(now)
	r.line = append(r.line, e)
	if !p.direct {
		p.MergedAt = now
		p.report(now, plimsoll.PullRequestReport{Commits: shas, PullRequestRef: plimsoll.PullRequestRef{
			Branch: p.Branch, FirstCommitAt: p.FirstCommitAt, OpenedAt: p.OpenedAt, FirstReviewAt: p.FirstReviewAt,
			ApprovedAt: p.ApprovedAt, MergedAt: now, MergeSHA: r.sha(e.head),
		}})
	}
	pos, d := r.last(), s.dice
	built := now.Add(d.about(8*time.Minute, 0.4))
	s.org.agenda.plan(built, func(now plimsoll.Time) { p.build(now, pos) })
}

// ends are the moments on the way of the work up to its merge.
func (p *pull) ends(merged plimsoll.Time) plimsoll.Stamps {
	if p.direct {
		return plimsoll.Stamps{MergedAt: merged}
	}
	return plimsoll.Stamps{
		FirstCommitAt: p.FirstCommitAt, OpenedAt: p.OpenedAt, FirstReviewAt: p.FirstReviewAt, ApprovedAt: p.ApprovedAt, MergedAt: merged,
	}
}

// startOf is where the clock of a commit starts: rewriting does not turn it
// back in truth, whatever the commit says.
func (p *pull) startOf(at plimsoll.Time) plimsoll.Time {
	if p.rewrite {
		return p.FirstCommitAt
	}
	return at
}

// build reports that the commit at a position of the main line was built, and
// offers it to the services that it belongs to.
func (p *pull) build(now plimsoll.Time, pos int) {
	r := p.service.repo
	head := p.service.repo.at(pos).head
	r.at(pos).built = now
	r.send(now, &plimsoll.ChangeReport{
		SHA: r.sha(head), Repository: r.name, CommittedAt: r.at(pos).merged, BuiltAt: now,
	})
	for _, s := range r.services {
		if p.owners&s.bit != 0 {
			s.offer(now, pos)
		}
	}
	if p.fixes != nil {
		p.fixes.fixBuilt(now, pos)
	}
}

// times are when the commits of the branch were made: the first when the work
// began, the others before it was opened or, after a review, merged.
func (p *pull) times() []plimsoll.Time {
	out := []plimsoll.Time{p.FirstCommitAt}
	end := p.OpenedAt
	for len(out) < p.commits {
		if len(out) == p.commits-1 && p.service.dice.chance(0.3) {
			end = p.ApprovedAt
		}
		out = append(out, p.FirstCommitAt.Add(p.service.dice.between(0, end.Sub(p.FirstCommitAt)+time.Second))/second*second)
	}
	slices.Sort(out)
	return out
}

// change is the report of commit n.
func (p *pull) change(n, parent int, authored, committed plimsoll.Time) *plimsoll.ChangeReport {
	r, s := p.service.repo, p.service
	c := &plimsoll.ChangeReport{
		SHA: r.sha(n), Repository: r.name, AuthoredAt: authored, CommittedAt: committed, Bot: p.bot,
		AuthorHash: s.team.name + "-" + strconv.Itoa(n*7%9), Subject: topics[n%len(topics)] + " " + strconv.Itoa(n),
	}
	if parent >= 0 {
		c.Parents = []string{r.sha(parent)}
	}
	if p.Number != 0 {
		c.PullRequest = &plimsoll.PullRequestRef{Number: p.Number}
	}
	for _, o := range r.services {
		if p.owners&o.bit != 0 {
			c.Paths = append(c.Paths, o.file(n))
		}
	}
	return c
}

// file is a path that belongs to the service.
func (s *service) file(n int) string {
	if s.path == "" {
		return "src/" + topics[n%len(topics)] + ".go"
	}
	return s.path + "/" + topics[n%len(topics)] + ".go"
}

func (r *repo) newCommit() int {
	r.commits++
	return r.commits - 1
}

// found makes the first commit of the repository.
func (r *repo) found(now plimsoll.Time, s *service) {
	p := &pull{service: s, reverts: -1, direct: true}
	for _, x := range r.services {
		p.owners |= x.bit
	}
	n := r.newCommit()
	r.send(now, p.change(n, -1, now, now))
	r.line = append(r.line, entry{head: n, owners: p.owners, merged: now, pullFrom: now,
		commits: []commit{{number: n, start: now, owners: p.owners}}})
}

// send reports a commit. What is said of the same one later says when.
func (r *repo) send(now plimsoll.Time, c *plimsoll.ChangeReport) {
	i := Item{Type: plimsoll.TypeChange, Source: "github", Change: c}
	if c.BuiltAt.Known() {
		i.Source, i.OccurredAt = "github-actions", c.BuiltAt
	}
	r.org.send(now, i)
}
