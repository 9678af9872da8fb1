package query

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/cells"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// ExplainAsk asks why a measure has its number. Role, Reason and Counted choose
// among the facts that are listed, and change nothing of the number.
type ExplainAsk struct {
	Measure metric.Measure
	Basis   string // "" is the first of the measure
	Role    string
	Reason  string
	Counted string // true, false or "" for both
	Page    PageAsk
}

// Explained is a number with all that it is made of.
type Explained struct {
	Asked
	Measure     metric.Measure `json:"measure"`
	Basis       string         `json:"basis,omitempty"`
	Title       string         `json:"title"`
	Formula     string         `json:"formula"`
	Unit        string         `json:"unit"`                  // per_day, ratio or s
	Numerator   string         `json:"numerator,omitempty"`   // in words
	Denominator string         `json:"denominator,omitempty"` // in words
	Clauses     []string       `json:"clauses"`               // of docs/definitions.md

	Benchmark string   `json:"benchmark"`
	Notes     []string `json:"notes,omitempty"`  // what is odd about the question
	Number    *Number  `json:"number,omitempty"` // on the first page alone

	Facts      []Fact `json:"facts"`
	NextCursor string `json:"next_cursor,omitempty"`
}

// Number is the figure of an explanation, and the facts behind it counted by
// their reasons.
type Number struct {
	metric.Figure
	Seen    Span          `json:"observed"`         // the window up to now
	Record  *Span         `json:"record,omitempty"` // of a frequency: the part of it on record; null: none
	Answer  any           `json:"answer"`           // what measures answers for it
	API     string        `json:"api"`              // the call that gives the number
	Field   string        `json:"field"`            // and where it stands in the answer
	Bands   *BandSource   `json:"bands"`            // null where the set has none for the measure
	Reasons []ReasonCount `json:"reasons"`
}

// Span is a half-open stretch of time.
type Span struct {
	From plimsoll.Time `json:"from"`
	To   plimsoll.Time `json:"to"`
}

// BandSource says where the bands of a measure come from.
type BandSource struct {
	Name      string        `json:"name"`
	Title     string        `json:"title"`
	Source    string        `json:"source"`
	Year      int           `json:"year,omitempty"`
	Secondary bool          `json:"secondary,omitempty"`
	Tiers     []metric.Tier `json:"tiers,omitempty"`
}

// ReasonCount says how many facts have a reason.
type ReasonCount struct {
	Reason  string      `json:"reason"`
	Role    metric.Role `json:"role"`
	Counted bool        `json:"counted"`
	Because string      `json:"because"`
	Clauses []string    `json:"clauses"`
	N       int         `json:"n"`
}

// Explain says why a measure has its number: the definition, the number that
// Measures answers for the same question, and every fact that it counts or
// leaves out, with the reason. Where the facts do not add up to the number it
// answers an internal error rather than either.
func (d *Desk) Explain(ctx context.Context, q Question, ask ExplainAsk) (Explained, error) {
	e, page, err := d.explaining(q, ask)
	if err != nil {
		return Explained{}, err
	}
	err = d.answer(ctx, q, func(tx *store.Tx, q Question, position int64) (err error) {
		if err := e.begin(d, tx, q, position); err != nil {
			return err
		}
		if ask.Page.Cursor == "" {
			if err := e.number(d, tx, q, position); err != nil {
				return err
			}
		} else if e.first, err = firstOf(tx, e.filter); err != nil {
			return err
		}
		return e.list(d, tx, q, page)
	})
	return e.answer, err
}

// mostExported bounds an export, which is held in memory until it is known to
// add up.
const mostExported = 100_000

// Export is Explain with every fact in one answer, and the proof that they add
// up. More than 100,000 facts are refused.
func (d *Desk) Export(ctx context.Context, q Question, ask ExplainAsk) (Explained, error) {
	ask.Page = PageAsk{}
	e, page, err := d.explaining(q, ask)
	if err != nil {
		return Explained{}, err
	}
	e.whole = true
	err = d.answer(ctx, q, func(tx *store.Tx, q Question, position int64) error {
		if err := e.begin(d, tx, q, position); err != nil {
			return err
		}
		if err := e.number(d, tx, q, position); err != nil {
			return err
		}
		if n := e.total(); n > mostExported {
			return plimsoll.Errorf(plimsoll.CodeTooLarge, "%d facts are too many for one answer; ask for a shorter window or a smaller scope, or page through them", n)
		}
		return e.list(d, tx, q, page)
	})
	if err == nil {
		err = e.complete()
	}
	return e.answer, err
}

// explaining checks what is asked.
func (d *Desk) explaining(q Question, ask ExplainAsk) (*explanation, store.Page, error) {
	x, err := metric.ExplanationOf(ask.Measure, ask.Basis)
	if err != nil {
		return nil, store.Page{}, err
	}
	e := &explanation{Explanation: x, ask: ask}
	if e.bench, err = metric.BenchmarkNamed(q.Benchmark); err != nil {
		return nil, store.Page{}, err
	}
	if e.filter, err = q.filter(); err != nil {
		return nil, store.Page{}, err
	}
	if err := q.checkWindow(); err != nil {
		return nil, store.Page{}, err
	}
	if ask.Role != "" {
		if err := known("role", metric.Role(ask.Role), metric.Roles); err != nil {
			return nil, store.Page{}, err
		}
	}
	if _, ok := metric.ReasonNamed(ask.Reason); ask.Reason != "" && !ok {
		return nil, store.Page{}, plimsoll.FieldErrorf("reason", "%q is no reason; the answer without it lists those that occur", ask.Reason)
	}
	if ask.Counted != "" && ask.Counted != "true" && ask.Counted != "false" {
		return nil, store.Page{}, plimsoll.FieldErrorf("counted", "%q; expected true or false", ask.Counted)
	}
	page, err := ask.Page.page()
	if err != nil {
		return nil, page, err
	}
	page.Limit--
	e.answer = Explained{
		Measure: x.Measure, Basis: x.Basis, Title: x.Title, Formula: x.Formula, Unit: x.Unit, Numerator: x.Numerator,
		Denominator: x.Denominator, Clauses: x.Clauses, Benchmark: e.bench.Name, Facts: []Fact{},
	}
	if !e.filter.Production && (x.Lead != nil || x.Restore != nil || x.Way != nil || x.Restoration != nil) {
		e.answer.Notes = []string{"changes, failures and incidents are kept for production alone; " + q.Environment + " has no number"}
	}
	return e, page, nil
}

// explanation is one explanation while it is made.
type explanation struct {
	*metric.Explanation
	ask    ExplainAsk
	bench  *metric.Benchmark
	filter store.Filter
	first  plimsoll.Time // first counted deployment of the scope
	whole  bool          // all facts in one answer
	state  *cells.State  // nil where the cells do not hold the scope
	answer Explained
}

// begin starts the answer, anew where a snapshot was too old.
func (e *explanation) begin(d *Desk, tx *store.Tx, q Question, position int64) (err error) {
	e.answer.Asked, e.answer.Facts, e.answer.NextCursor = d.asked(q, position), []Fact{}, ""
	e.state, err = d.inMemory(tx, e.filter)
	return err
}

// number takes the figure out of what measures answers to the question, and
// counts the facts by their reasons.
func (e *explanation) number(d *Desk, tx *store.Tx, q Question, position int64) error {
	said, beside, err := d.both(tx, e.filter, position)
	if err != nil {
		return err
	}
	p := d.period(q)
	in, err := e.explained(d, tx, p, position)
	if err != nil {
		return err
	}
	e.first = in.First
	m := said.measure(d.asked(q, position), p, e.bench, q.Scope)
	beside.add(&m, p)
	c, t := metric.NewCase(p, e.first, provisionalDelay), in.Standings
	n := &Number{Seen: Span(c.Observed()), API: apiCall(e.answer.Asked, q.Benchmark), Field: e.Field, Bands: bands(e.bench, e.Measure)}
	n.Figure, n.Answer = e.Figure(c, m.answers())
	if w := c.OnRecord(); e.Measure == metric.DeploymentFrequency && w.From < w.To {
		n.Record = (*Span)(&w)
	}
	if err := t.Check(n.Figure); err != nil {
		return fmt.Errorf("explain %s %s of %s from %s to %s at %d: %w", e.Measure, e.Basis, q.Scope, q.Window.From, q.Window.To, position, err)
	}
	if err := e.countElsewhere(tx, c, in); err != nil {
		return err
	}
	n.Reasons = []ReasonCount{}
	for _, r := range metric.Reasons() {
		if k := t.ByReason[r]; k > 0 {
			n.Reasons = append(n.Reasons, ReasonCount{r.String(), r.Role(), r.Role().Counted(), r.Words(), r.Clauses(), k})
		}
	}
	e.answer.Number = n
	return nil
}

func (m Measures) answers() metric.Answers {
	return metric.Answers{
		Frequency: m.DeploymentFrequency, LeadTime: m.LeadTime, Failure: m.ChangeFailureRate, Restore: m.TimeToRestore,
		Rework: m.ReworkRate, Rollbacks: m.RollbackRate,
		Canary: m.CanaryPassRate, Rollouts: m.Duration, FullRollout: m.FullRollout,
	}
}

// countElsewhere counts the facts that a question about one environment does
// not read, but an explanation lists.
func (e *explanation) countElsewhere(tx *store.Tx, c *metric.Case, in cells.Explained) error {
	t := in.Standings
	if e.Deployment != nil && !e.Beside {
		t.ByReason[metric.OtherEnvironment] += in.Elsewhere
		after, err := tx.CountEndedAfter(e.filter)
		if err != nil {
			return err
		}
		t.ByReason[metric.EndedAfter] += after
	}
	if e.Analysis != nil {
		all, err := tx.CountAnalyses(e.filter)
		t.ByReason[metric.OtherEnvironment] += all - in.Analyses
		return err
	}
	if e.Measure == metric.ChangeFailureRate {
		if !in.SetAside {
			return nil
		}
		return e.countSetAside(tx, t, c)
	}
	if e.Measure != metric.TimeToRestore || !e.filter.Production {
		return nil
	}
	seen := e.filter
	seen.Window = c.Observed()
	if seen.Window.From >= seen.Window.To {
		return nil
	}
	if e.Basis != metric.BasisIncident {
		t.ByReason[metric.SharesSpan] += in.Shared
	}
	incidents, err := tx.CountIncidents(seen)
	for _, i := range incidents {
		if r := e.leftOut(i.Production, i.Attributed, i.Accepted); r != 0 {
			t.ByReason[r] += i.N
		}
	}
	return err
}

// countSetAside tells those of the deployments that nothing speaks against from
// those where somebody, or a rule, set the evidence aside.
func (e *explanation) countSetAside(tx *store.Tx, t *metric.Standings, c *metric.Case) error {
	rows, err := tx.DeploymentsSetAside(e.filter)
	if err != nil {
		return err
	}
	for _, d := range rows {
		found, err := tx.EvidenceOf(d.ID)
		if err != nil {
			return err
		}
		if s := e.standingOf(c, d, found); s.Reason == metric.SetAside {
			t.ByReason[metric.SetAside]++
			t.ByReason[e.standingOf(c, d, nil).Reason]--
		}
	}
	return nil
}

// leftOut is why time to restore leaves an incident out that it could be
// expected to hold; 0 if it does not, or is not its own fact.
func (e *explanation) leftOut(production, attributed, accepted bool) metric.Reason {
	switch {
	case !production:
		return metric.OtherIncident
	case e.Basis == metric.BasisIncident:
		return 0
	case !attributed:
		return metric.NoCause
	case !accepted:
		return metric.NotAccepted
	}
	return 0
}

func (e *explanation) total() int {
	n := 0
	for _, r := range e.answer.Number.Reasons {
		n += r.N
	}
	return n
}

// complete wants of a whole answer, with nothing filtered out of it, that each
// reason has as many facts as were counted.
func (e *explanation) complete() error {
	if e.ask.Role != "" || e.ask.Reason != "" || e.ask.Counted != "" {
		return nil
	}
	found := map[string]int{}
	for _, f := range e.answer.Facts {
		found[f.Reason]++
	}
	for _, r := range e.answer.Number.Reasons {
		if found[r.Reason] != r.N {
			return fmt.Errorf("explain %s %s: %d facts %s, counted %d", e.Measure, e.Basis, found[r.Reason], r.Reason, r.N)
		}
		delete(found, r.Reason)
	}
	if len(found) > 0 {
		return fmt.Errorf("explain %s %s: facts that were not counted: %v", e.Measure, e.Basis, found)
	}
	return nil
}

// apiCall is the request that gives the number, with the window as it was.
func apiCall(a Asked, benchmark string) string {
	v := url.Values{"scope": {a.Scope}, "environment": {a.Environment}, "from": {a.From.String()}, "to": {a.To.String()}}
	if benchmark != "" {
		v.Set("benchmark", benchmark)
	}
	if a.Known != nil {
		v.Set("as_of", a.Known.AsOf.String())
	}
	return "/api/v1/measures?" + strings.ReplaceAll(v.Encode(), "%3A", ":")
}

func bands(b *metric.Benchmark, m metric.Measure) *BandSource {
	_, scale := b.Scales[m]
	if len(b.Tiers[m]) == 0 && !scale {
		return nil
	}
	return &BandSource{Name: b.Name, Title: b.Title, Source: b.Source, Year: b.Year, Secondary: b.Secondary, Tiers: b.Tiers[m]}
}

func firstOf(tx *store.Tx, f store.Filter) (plimsoll.Time, error) {
	f.Window = plimsoll.Window{}
	return tx.FirstDeployment(f)
}
