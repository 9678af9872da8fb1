package cells_test

import (
	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/query"
)

// explain asks why every measure has its number, on every basis: the reasons with how many facts have
// each, the first of the facts, and some pages more of the changes.
func (h *house) explain(d *query.Desk, q query.Question, add func(v any, err error)) {
	h.t.Helper()
	for _, x := range metric.Explanations {
		ask := query.ExplainAsk{Measure: x.Measure, Basis: x.Basis, Page: query.PageAsk{Limit: 3}}
		for pages := 0; pages < 4; pages++ {
			e, err := d.Explain(h.t.Context(), q, ask)
			ask.Page = query.PageAsk{Limit: []int{1, 40, 200}[pages%3], Cursor: e.NextCursor}
			if e.NextCursor != "" {
				e.NextCursor = "more" // rows that show nothing are passed over, or are not read at all
			}
			add(e, err)
			if x.Lead == nil || ask.Page.Cursor == "" {
				break
			}
		}
	}
}

// look gives a piece of evidence a status: sometimes it is suspected only, or set aside.
func (h *house) look(e *plimsoll.Evidence) {
	e.Status = plimsoll.EvidenceAccepted
	if !e.Accepted {
		e.Status = plimsoll.EvidenceStatuses[1+h.r.IntN(len(plimsoll.EvidenceStatuses)-1)]
		e.Accepted = e.Status == plimsoll.EvidenceConfirmed
	}
}
