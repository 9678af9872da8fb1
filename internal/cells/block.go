package cells

import (
	"cmp"
	"slices"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// block is what is kept of one service. It never changes: a service that does gets another one.
type block struct {
	name        string
	teams       []string // named by the index in the columns below; sorted
	deployments deployments
	leads       [2]leads // changes, pull requests
	ways        ways     // of the changes
	analyses    analyses
	failures    []failure
	incidents   []incident
	marked      map[string]evidence // evidence by the id of the deployment it is against
	elsewhere   elsewhere
	deploys     []bool          // by team, whether it has a deployment in any environment
	first       plimsoll.Time   // when the first counted deployment ended
	firsts      []plimsoll.Time // the same of each team
	alone       bool            // one team made every deployment
}

// The two kinds of lead, by their index.
var bases = [2]plimsoll.Basis{plimsoll.BasisChange, plimsoll.BasisPullRequest}

// deployments are those to production, by the time they ended.
type deployments struct {
	ended  column
	oldest column // start of the oldest commit; 0: none known
	mark   []mark
	trait  []trait
	team   []uint16
	rollouts
	notHere []int32 // where those stand that are not counted
}

// leads are changes or pull requests. Those delivered at one moment for one team stand together.
type leads struct {
	at    column // moments of delivery, ascending
	team  []uint16
	first []uint32 // where the spans of each moment begin, and at last where they end
	span  column   // from start to delivery; ascending within a moment
	odd   []odd
	open  column // starts of those that are not delivered, ascending
	waits []uint16
}

// odd is a delivery without a span.
type odd struct {
	at       int64
	negative bool // it began after it was delivered; else nobody knows when it began
	team     uint16
}

// failure is a failure of the service, or an incident; over is 0 while it lasts.
type failure struct {
	at, over int64
	severity string
	team     uint16
	shared   int32            // deployments that share its span, beside the first
	stamps   [5]plimsoll.Time // detected, diagnosed, fix begun, fix ended, resolved; of a failure
}

// incident belongs to every service in services, the first of which counts it for all of them.
type incident struct {
	failure
	id       string
	services []string // sorted; empty where it belongs to none
	named    bool     // it names a service itself
}

// elsewhere are the deployments outside production, which say what teams a service has.
type elsewhere struct {
	ended column
	team  []uint16
}

// row is one production deployment on its way into the columns.
type row struct {
	ended, oldest int64
	mark          mark
	trait         trait
	team          string
	rollout
}

// lead is one change or pull request on its way into the columns; delivered is 0 while open.
type lead struct {
	start, delivered int64
	team             string
}

func compareRows(a, b row) int {
	return cmp.Or(cmp.Compare(a.ended, b.ended), cmp.Compare(a.team, b.team), cmp.Compare(a.mark, b.mark), cmp.Compare(a.oldest, b.oldest),
		cmp.Compare(a.trait, b.trait), compareRollouts(a.rollout, b.rollout))
}

func compareLeads(a, b lead) int {
	return cmp.Or(cmp.Compare(a.delivered, b.delivered), cmp.Compare(a.team, b.team), cmp.Compare(b.start, a.start))
}

// draft is a block in the making: what it holds, as rows.
type draft struct {
	name      string
	rows      []row
	leads     [2][]lead
	ways      []way
	analyses  []analysis
	failures  []failure // their teams by name in failing
	failing   []string
	incidents []incident
	marked    map[string]evidence
	elsewhere []row // only ended and team
}

// block puts the rows into columns. The same rows in another order give the same block.
func (d *draft) block() *block {
	b := &block{name: d.name, incidents: d.incidents, marked: d.marked}
	b.teams = d.teams()
	team := func(name string) uint16 {
		i, _ := slices.BinarySearch(b.teams, name)
		return uint16(i)
	}
	slices.SortFunc(d.rows, compareRows)
	b.deployments.fill(d.rows, team)
	for i := range d.leads {
		slices.SortFunc(d.leads[i], compareLeads)
		b.leads[i].fill(d.leads[i], team)
	}
	b.ways.fill(d.ways, team)
	b.analyses.fill(d.analyses, team)
	for i, f := range d.failures {
		f.team = team(d.failing[i])
		b.failures = append(b.failures, f)
	}
	slices.SortFunc(b.failures, func(x, y failure) int {
		return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.over, y.over), cmp.Compare(x.severity, y.severity), cmp.Compare(x.team, y.team),
			cmp.Compare(x.shared, y.shared), slices.Compare(x.stamps[:], y.stamps[:]))
	})
	slices.SortFunc(d.elsewhere, compareRows)
	ended := make([]int64, len(d.elsewhere))
	for i, r := range d.elsewhere {
		ended[i] = r.ended
		b.elsewhere.team = append(b.elsewhere.team, team(r.team))
	}
	b.elsewhere.ended = pack(ended)
	b.derive()
	return b
}

// derive makes what follows from the columns.
func (b *block) derive() {
	b.deploys = make([]bool, len(b.teams))
	for _, list := range [2][]uint16{b.deployments.team, b.elsewhere.team} {
		for _, t := range list {
			b.deploys[t] = true
		}
	}
	b.deployments.notHere = nil
	b.first = 0
	if i := slices.IndexFunc(b.deployments.mark, func(m mark) bool { return m&markCounted != 0 }); i >= 0 {
		b.first = plimsoll.Time(b.deployments.ended.at(i))
	}
	for i, m := range b.deployments.mark {
		if m&markCounted == 0 {
			b.deployments.notHere = append(b.deployments.notHere, int32(i))
		}
	}
	b.deriveTeams()
	b.deployments.deriveAgain()
}

func (d *draft) teams() []string {
	seen := map[string]bool{}
	for _, r := range d.rows {
		seen[r.team] = true
	}
	for _, list := range d.leads {
		for _, l := range list {
			seen[l.team] = true
		}
	}
	for i := range d.ways {
		seen[d.ways[i].team] = true
	}
	for _, a := range d.analyses {
		seen[a.team] = true
	}
	for _, t := range d.failing {
		seen[t] = true
	}
	for _, r := range d.elsewhere {
		seen[r.team] = true
	}
	out := make([]string, 0, len(seen))
	for t := range seen {
		out = append(out, t)
	}
	slices.Sort(out)
	return out
}

func (c *deployments) fill(rows []row, team func(string) uint16) {
	ended, oldest := make([]int64, len(rows)), make([]int64, len(rows))
	c.mark, c.trait, c.team = make([]mark, len(rows)), make([]trait, len(rows)), make([]uint16, len(rows))
	for i, r := range rows {
		ended[i], oldest[i], c.mark[i], c.trait[i], c.team[i] = r.ended, r.oldest, r.mark, r.trait, team(r.team)
	}
	c.ended, c.oldest = pack(ended), pack(oldest)
	c.rollouts.fill(rows)
}

func (c *leads) fill(list []lead, team func(string) uint16) {
	var at, spans, open []int64
	for _, l := range list {
		switch t := team(l.team); {
		case l.delivered == 0:
			if l.start != 0 {
				open = append(open, l.start)
				c.waits = append(c.waits, t)
			}
		case l.start == 0 || l.start > l.delivered:
			c.odd = append(c.odd, odd{at: l.delivered, negative: l.start != 0, team: t})
		default:
			if n := len(at); n == 0 || at[n-1] != l.delivered || c.team[n-1] != t {
				at = append(at, l.delivered)
				c.team = append(c.team, t)
				c.first = append(c.first, uint32(len(spans)))
			}
			spans = append(spans, l.delivered-l.start)
		}
	}
	c.first = append(c.first, uint32(len(spans)))
	c.sortOpen(open)
	slices.SortFunc(c.odd, func(a, b odd) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.team, b.team), cmp.Compare(one(a.negative), one(b.negative)))
	})
	c.at, c.span, c.open = pack(at), pack(spans), pack(open)
}

// sortOpen puts the starts of what is open in order, each with its team.
func (c *leads) sortOpen(open []int64) {
	order := make([]int, len(open))
	for i := range order {
		order[i] = i
	}
	waits, starts := slices.Clone(c.waits), slices.Clone(open)
	slices.SortFunc(order, func(i, j int) int {
		return cmp.Or(cmp.Compare(starts[i], starts[j]), cmp.Compare(waits[i], waits[j]))
	})
	for to, from := range order {
		open[to], c.waits[to] = starts[from], waits[from]
	}
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// draft takes the rows out of the columns again. Those of which keep says false are left out: of
// deployments by the time they ended, of leads by their delivery.
func (b *block) draft(keepRow, keepElsewhere func(ended int64) bool, keepLead [2]func(delivered int64) bool) *draft {
	d := &draft{name: b.name, incidents: b.incidents, marked: b.marked, failures: b.failures}
	c := &b.deployments
	for i := range c.ended.len() {
		if t := c.ended.at(i); keepRow(t) {
			d.rows = append(d.rows, row{t, c.oldest.at(i), c.mark[i], c.trait[i], b.teams[c.team[i]], c.rollouts.at(i)})
		}
	}
	for i := range b.leads {
		d.leads[i] = b.leads[i].rows(b.teams, keepLead[i])
	}
	d.ways = b.ways.rows(b.teams, keepLead[0])
	d.analyses = b.analyses.rows(b.teams)
	for _, f := range b.failures {
		d.failing = append(d.failing, b.teams[f.team])
	}
	for i := range b.elsewhere.ended.len() {
		if t := b.elsewhere.ended.at(i); keepElsewhere(t) {
			d.elsewhere = append(d.elsewhere, row{ended: t, team: b.teams[b.elsewhere.team[i]]})
		}
	}
	return d
}

// rows are the leads that keep wants. An odd one has a start after its delivery, whatever it was.
func (c *leads) rows(teams []string, keep func(delivered int64) bool) (out []lead) {
	for i := range c.at.len() {
		at := c.at.at(i)
		if !keep(at) {
			continue
		}
		for k := c.first[i]; k < c.first[i+1]; k++ {
			out = append(out, lead{at - c.span.at(int(k)), at, teams[c.team[i]]})
		}
	}
	for _, o := range c.odd {
		if keep(o.at) {
			out = append(out, lead{int64(one(o.negative)) * (o.at + 1), o.at, teams[o.team]})
		}
	}
	if keep(0) {
		for i, t := range c.waits {
			out = append(out, lead{c.open.at(i), 0, teams[t]})
		}
	}
	return out
}

// counted is how many of the deployments from i to before j are counted.
func (c *deployments) counted(i, j int) int {
	from, _ := slices.BinarySearch(c.notHere, int32(i))
	to, _ := slices.BinarySearch(c.notHere, int32(j))
	return j - i - (to - from)
}

// span is where those deployments stand that ended in a window.
func (c *deployments) span(w plimsoll.Window) (from, to int) {
	return c.ended.search(int64(w.From)), c.ended.search(int64(w.To))
}

// evidence is what stands against one deployment.
type evidence struct {
	Accepted  metric.EvidenceSet
	Suspected bool
}

func (b *block) bytes() int {
	d := &b.deployments
	n := 300 + d.ended.bytes() + d.oldest.bytes() + 2*cap(d.mark) + 2*cap(d.trait) + 2*cap(d.team) + 4*cap(d.notHere)
	for i := range b.leads {
		l := &b.leads[i]
		n += l.at.bytes() + 2*cap(l.team) + 4*cap(l.first) + l.span.bytes() + 32*cap(l.odd) + l.open.bytes() + 2*cap(l.waits)
	}
	n += d.rollouts.bytes() + b.ways.at.bytes() + 2*cap(b.ways.team) + 4*cap(b.ways.first) + cap(b.ways.packed)
	n += b.analyses.at.bytes() + 2*cap(b.analyses.phase) + 2*cap(b.analyses.team)
	n += 88*cap(b.failures) + 170*cap(b.incidents) + 80*len(b.marked)
	return n + b.elsewhere.ended.bytes() + 2*cap(b.elsewhere.team)
}
