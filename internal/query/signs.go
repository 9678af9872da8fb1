package query

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/cells"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// mostLookedAt bounds how many deployments, and how many incidents, the signs
// look at one by one.
const mostLookedAt = 100_000

// SignsAnswer is every sign of one scope, also the silent ones.
type SignsAnswer struct {
	Asked
	EarlierFrom plimsoll.Time `json:"earlier_from"` // the past that the window is held against
	Signs       []metric.Sign `json:"signs"`
}

// GamingSigns looks for the signs of definitions, section 7, in the window of a
// question, against the window of the same length before it.
func (d *Desk) GamingSigns(ctx context.Context, q Question) (SignsAnswer, error) {
	f, err := q.filter()
	if err != nil {
		return SignsAnswer{}, err
	}
	facts := metric.SignFacts{Earlier: sameBefore(q.Window), Later: q.Window, Zone: d.zone}
	f.Window = plimsoll.Window{From: facts.Earlier.From, To: q.Window.To}
	out := SignsAnswer{EarlierFrom: facts.Earlier.From}
	err = d.answer(ctx, q, func(tx *store.Tx, q Question, position int64) error {
		out.Asked = d.asked(q, position)
		settings, err := tx.Settings()
		if err != nil {
			return err
		}
		facts.HotfixLimit = settings.HotfixLimit()
		if facts.Deployments, err = signDeployments(tx, f); err != nil {
			return err
		}
		if facts.Incidents, err = signIncidents(tx, f, position); err != nil {
			return err
		}
		return tx.PullRequestPoints(f, func(p store.PullRequestPoint) {
			facts.Changes = append(facts.Changes, metric.SignChange{
				ID: p.Repository + "#" + strconv.Itoa(p.Number), OpenedAt: p.OpenedAt, OldestAt: p.FirstCommitAt,
				MergedAt: p.MergedAt, DeliveredAt: p.DeliveredAt,
			})
		})
	})
	if err != nil {
		return SignsAnswer{}, err
	}
	out.Signs = metric.GamingSigns(facts)
	return out, nil
}

func signDeployments(tx *store.Tx, f store.Filter) ([]metric.SignDeployment, error) {
	rows, err := tx.Deployments(f, store.Page{Limit: mostLookedAt + 1})
	if err != nil {
		return nil, err
	}
	if len(rows) > mostLookedAt {
		return nil, plimsoll.FieldErrorf("scope", "more than %d deployments; ask for a team, a service or a shorter window", mostLookedAt)
	}
	marks, err := cells.Evidence(tx, f.Service)
	if err != nil {
		return nil, err
	}
	slices.Reverse(rows) // the page begins with the latest
	builds := make(map[string]string, len(rows))
	for i := range rows {
		builds[rows[i].ID] = buildOf(&rows[i])
	}
	out := make([]metric.SignDeployment, len(rows))
	last := map[[2]string]int{} // the latest judged one of a service and environment
	for i := range rows {
		r := &rows[i]
		s := metric.SignDeployment{
			ID: r.ID, Service: r.Service, Repository: r.Repository, Build: buildOf(r), Previous: builds[r.Previous], Kind: r.Kind,
			// What a config deployment contains can only be overlooked where somebody called it one.
			Stated: r.Kind == plimsoll.KindConfig, Counted: r.Counted, Judged: r.Judged, Failed: marks[r.ID].Accepted != 0,
			TakenBack: r.Outcome() == plimsoll.ResultRolledBack || r.RolledBackBy != "",
			Harmful:   r.Verdict == plimsoll.VerdictHarmful,
			Repairs:   r.Kind == plimsoll.KindHotfix || r.Kind == plimsoll.KindRollback || r.Fixes != "",
			StartedAt: r.StartedAt, EndedAt: r.EndedAt(),
		}
		if r.Coverage == plimsoll.CoverageGraph || r.Coverage == plimsoll.CoverageStated {
			s.Changes = &r.Contains
		}
		key := [2]string{r.Service, r.Environment}
		if r.Kind == plimsoll.KindHotfix {
			if k, ok := last[key]; ok && out[k].Repaired == 0 {
				out[k].Repaired = r.BegunAt()
			}
		}
		if r.Judged {
			last[key] = i
		}
		out[i] = s
	}
	return out, nil
}

// buildOf is what 1.1.11 of the definitions calls a build.
func buildOf(r *plimsoll.Deployment) string {
	if r.CommitSHA != "" {
		return r.CommitSHA
	}
	return r.Version
}

// resolvedAgain is by how much a second resolution must be later than the first
// to be more than a stamp put right.
const resolvedAgain = 5 * time.Minute

// signIncidents reads from the log when an incident was said to be resolved: the
// fact holds the last word only. One that was resolved again later was open in
// between.
func signIncidents(tx *store.Tx, f store.Filter, position int64) ([]metric.SignIncident, error) {
	rows, err := tx.Incidents(f, store.Page{Limit: mostLookedAt + 1})
	if err != nil {
		return nil, err
	}
	if len(rows) > mostLookedAt {
		return nil, plimsoll.FieldErrorf("scope", "more than %d incidents; ask for a team, a service or a shorter window", mostLookedAt)
	}
	var out []metric.SignIncident
	for _, r := range rows {
		i := metric.SignIncident{ID: r.ID, StartedAt: r.BegunAt(), ResolvedAt: r.ResolvedAt}
		events, err := tx.SubjectEvents(plimsoll.TypeIncident, r.ID, position)
		if err != nil {
			return nil, err
		}
		var said []plimsoll.Time
		for _, e := range events {
			var report plimsoll.IncidentReport
			if json.Unmarshal(e.Body, &report) == nil && report.ResolvedAt.Known() {
				said = append(said, report.ResolvedAt)
			}
		}
		if len(said) > 0 {
			i.ResolvedAt = slices.Min(said)
			for _, t := range said {
				if t.Sub(i.ResolvedAt) > resolvedAgain {
					i.ReopenedAt = plimsoll.First(i.ReopenedAt, t)
				}
			}
		}
		out = append(out, i)
	}
	return out, nil
}
