package query

import (
	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/cells"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// The bounds of the work for one page. A page that finds little among many
// facts ends early, and its cursor goes on from there.
const (
	mostLooked = 2000
	batch      = 256
)

// looked is one fact of the store: where it stands in its list, and what an
// explanation shows of it, which may be nothing.
type looked struct {
	at    plimsoll.Time
	id    string
	facts []Fact
}

// list is one of the lists that the facts of a measure come from. Its letter
// leads the ids in cursors.
type list struct {
	letter byte
	read   func(store.Page) ([]looked, error)
}

// lists are where the facts of the measure stand, in the order of the answer.
func (e *explanation) lists(tx *store.Tx, c *metric.Case) []list {
	var out []list
	if e.Lead != nil && e.filter.Production {
		for i, part := range []store.LeadPart{store.LeadsDelivered, store.LeadsOpen, store.LeadsLater} {
			out = append(out, list{"loa"[i], func(p store.Page) ([]looked, error) { return e.lookAtLeads(tx, c, part, p) }})
		}
	}
	if e.Restore != nil && e.filter.Production {
		if e.Basis != metric.BasisIncident {
			out = append(out, list{'f', func(p store.Page) ([]looked, error) { return e.lookAtFailures(tx, c, p) }})
		}
		out = append(out, list{'i', func(p store.Page) ([]looked, error) { return e.lookAtIncidents(tx, c, p) }})
	}
	out = append(out, e.detailLists(tx, c)...)
	if e.Deployment != nil {
		out = append(out, list{'d', func(p store.Page) ([]looked, error) { return e.lookAtDeployments(tx, c, p) }})
	}
	return out
}

// list fills the page of the answer.
func (e *explanation) list(d *Desk, tx *store.Tx, q Question, page store.Page) error {
	c := metric.NewCase(d.period(q), e.first, provisionalDelay)
	lists := e.lists(tx, c)
	if e.ask.Page.Cursor != "" {
		for len(lists) > 0 && (page.ID == "" || lists[0].letter != page.ID[0]) {
			lists = lists[1:]
		}
		if len(lists) == 0 {
			return plimsoll.FieldErrorf("cursor", "not a cursor of this question; take next_cursor from the page before")
		}
		page.ID = page.ID[1:]
	}
	looks := 0
	last := "" // the cursor after the row that was looked at last
	for _, l := range lists {
		p := store.Page{Before: page.Before, ID: page.ID}
		page.Before, page.ID = 0, ""
		for more := true; more; {
			p.Limit = batch
			if !e.whole {
				p.Limit = min(batch, max(page.Limit+1-len(e.answer.Facts), 32))
			}
			rows, err := l.read(p)
			if err != nil {
				return err
			}
			more = len(rows) == p.Limit
			for _, r := range rows {
				facts := e.wanted(r.facts)
				full := len(facts) > 0 && len(e.answer.Facts) >= page.Limit || looks == mostLooked
				if !e.whole && full {
					e.answer.NextCursor = last
					return nil
				}
				looks++
				e.answer.Facts = append(e.answer.Facts, facts...)
				p.Before, p.ID = r.at, r.id
				last = cursor(r.at, string(l.letter)+r.id)
			}
		}
	}
	return nil
}

// wanted are the facts that the question asks to see.
func (e *explanation) wanted(facts []Fact) []Fact {
	out := facts[:0]
	for _, f := range facts {
		if (e.ask.Role == "" || e.ask.Role == string(f.Role)) && (e.ask.Reason == "" || e.ask.Reason == f.Reason) &&
			(e.ask.Counted == "" || (e.ask.Counted == "true") == f.Counted) {
			out = append(out, f)
		}
	}
	return out
}

func (e *explanation) lookAtDeployments(tx *store.Tx, c *metric.Case, p store.Page) ([]looked, error) {
	rows, err := tx.DeploymentSights(e.filter, p)
	if err != nil {
		return nil, err
	}
	out := make([]looked, 0, len(rows))
	for _, d := range rows {
		var found []plimsoll.Evidence
		if d.Evidence {
			if found, err = tx.EvidenceOf(d.ID); err != nil {
				return nil, err
			}
		}
		r := looked{at: d.EndedAt, id: d.ID}
		if f, ok := e.deploymentFact(c, d, found); ok {
			r.facts = []Fact{f}
		}
		out = append(out, r)
	}
	return out, nil
}

func (e *explanation) lookAtLeads(tx *store.Tx, c *metric.Case, part store.LeadPart, p store.Page) ([]looked, error) {
	basis := plimsoll.BasisChange
	if e.Basis == string(plimsoll.BasisPullRequest) {
		basis = plimsoll.BasisPullRequest
	}
	rows, err := tx.LeadSights(e.filter, basis, part, e.moments(basis, part, p), p)
	if err != nil {
		return nil, err
	}
	out := make([]looked, 0, len(rows))
	for _, l := range rows {
		r := looked{at: l.DeliveredAt, id: l.PageID()}
		if part == store.LeadsOpen {
			r.at = l.StartAt
		}
		if f, ok := e.leadFact(c, l); ok {
			r.facts = []Fact{f}
		}
		out = append(out, r)
	}
	return out, nil
}

// moments are when the next leads of a part were delivered that the scope has,
// where the cells know that and an index does not: enough of them to fill a
// page. Else the store would walk over every lead of the organisation until it
// has found some of a quiet service, or some that were begun long before.
func (e *explanation) moments(basis plimsoll.Basis, part store.LeadPart, p store.Page) []plimsoll.Time {
	org := e.filter.Service == "" && e.filter.Team == ""
	switch {
	case e.state == nil, part == store.LeadsOpen, part == store.LeadsDelivered && org:
		return nil
	}
	scope := cells.Scope{Service: e.filter.Service, Team: e.filter.Team}
	// The page before may have shown all of the first moment.
	if part == store.LeadsLater {
		return e.state.DeliveredLater(scope, basis, e.filter.Window.To, p.Before, p.Limit+1)
	}
	return e.state.Delivered(scope, basis, e.filter.Window, p.Before, p.Limit+1)
}

func (e *explanation) lookAtFailures(tx *store.Tx, c *metric.Case, p store.Page) ([]looked, error) {
	rows, err := tx.FailureSights(e.filter, p)
	if err != nil {
		return nil, err
	}
	out := make([]looked, 0, len(rows))
	for _, f := range rows {
		out = append(out, looked{f.FailedAt, f.ID, e.failureFacts(c, f)})
	}
	return out, nil
}

func (e *explanation) lookAtIncidents(tx *store.Tx, c *metric.Case, p store.Page) ([]looked, error) {
	rows, err := tx.IncidentSights(e.filter, p)
	if err != nil {
		return nil, err
	}
	out := make([]looked, 0, len(rows))
	for _, i := range rows {
		r := looked{at: i.BegunAt(), id: i.ID}
		if f, ok := e.incidentFact(c, i); ok {
			r.facts = []Fact{f}
		}
		out = append(out, r)
	}
	return out, nil
}
