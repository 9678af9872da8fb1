package query

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// The bounds of a page.
const (
	defaultLimit = 50
	mostLimit    = 1000
)

// PageAsk asks for one page of a list; the zero value is the first page.
type PageAsk struct {
	Limit  int
	Cursor string // from the answer before; opaque
}

func (p PageAsk) page() (store.Page, error) {
	out := store.Page{Limit: p.Limit}
	if out.Limit == 0 {
		out.Limit = defaultLimit
	}
	if out.Limit < 1 || out.Limit > mostLimit {
		return out, plimsoll.FieldErrorf("limit", "%d is out of range; expected 1 to %d", p.Limit, mostLimit)
	}
	if p.Cursor != "" {
		raw, err := base64.RawURLEncoding.DecodeString(p.Cursor)
		at, id, ok := strings.Cut(string(raw), "|")
		n, bad := strconv.ParseInt(at, 10, 64)
		if err != nil || !ok || bad != nil {
			return out, plimsoll.FieldErrorf("cursor", "not a cursor of ours; take next_cursor from the page before")
		}
		out.Before, out.ID = plimsoll.Time(n), id
	}
	out.Limit++ // one more tells whether there is a next page
	return out, nil
}

func cursor(at plimsoll.Time, id string) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d|%s", at, id))
}

// cut takes off the extra row of a page and returns the cursor of the next one.
func cut[T any](rows []T, p store.Page, key func(T) (plimsoll.Time, string)) ([]T, string) {
	if len(rows) < p.Limit {
		return rows, ""
	}
	rows = rows[:p.Limit-1]
	return rows, cursor(key(rows[len(rows)-1]))
}

// Deployment is a deployment with what hangs on it.
type Deployment struct {
	plimsoll.Deployment
	Previous   *string             `json:"previous"` // null for the first of its environment
	Failed     bool                `json:"failed"`
	Evidence   []plimsoll.Evidence `json:"evidence"`
	LeadOldest *float64            `json:"lead_time_oldest_seconds"`
	Changes    []Change            `json:"changes,omitempty"` // only of a single deployment
}

// Change is a change as one service got it.
type Change struct {
	SHA         string        `json:"sha"`
	Repository  string        `json:"repository"`
	Service     string        `json:"service"`
	Subject     string        `json:"message_subject,omitempty"`
	AuthoredAt  plimsoll.Time `json:"authored_at"`
	CommittedAt plimsoll.Time `json:"committed_at"`
	StartAt     plimsoll.Time `json:"lead_time_start_at"` // the first commit of the pull request for a squash merge
	DeliveredAt plimsoll.Time `json:"delivered_at"`       // null while open
	ExposedAt   plimsoll.Time `json:"first_exposed_at"`
	LeadTime    *float64      `json:"lead_time_seconds"`
	Deployment  string        `json:"deployment,omitempty"`
	PullRequest int           `json:"pull_request,omitempty"`
	Bot         bool          `json:"bot,omitempty"`
	plimsoll.Stamps
}

// Incident is an incident with the failure it belongs to.
type Incident struct {
	plimsoll.Incident
	AttributedTo *string              `json:"attributed_to"` // null when it is held against nothing
	Candidates   []plimsoll.Candidate `json:"candidates"`
	None         *float64             `json:"none_probability"` // null when nobody can say
	RestoreTime  *float64             `json:"time_to_restore_seconds"`
}

// DeploymentList is a page of deployments, the latest first.
type DeploymentList struct {
	Asked
	Deployments []Deployment `json:"deployments"`
	NextCursor  string       `json:"next_cursor,omitempty"`
}

// Deployments lists the deployments of a question.
func (d *Desk) Deployments(ctx context.Context, q Question, ask PageAsk) (DeploymentList, error) {
	if _, err := q.filter(); err != nil {
		return DeploymentList{}, err
	}
	page, err := ask.page()
	if err != nil {
		return DeploymentList{}, err
	}
	out := DeploymentList{Deployments: []Deployment{}}
	err = d.answer(ctx, q, func(tx *store.Tx, q Question, position int64) error {
		f, err := q.filter()
		if err != nil {
			return err
		}
		out.Asked = d.asked(q, position)
		if q.Environment == "" {
			// A list shows every environment unless one is asked for.
			out.Environment, f.Production = "", false
		}
		rows, err := tx.Deployments(f, page)
		if err != nil {
			return err
		}
		rows, out.NextCursor = cut(rows, page, func(r plimsoll.Deployment) (plimsoll.Time, string) { return r.EndedAt(), r.ID })
		for _, r := range rows {
			full, err := dress(tx, r)
			if err != nil {
				return err
			}
			out.Deployments = append(out.Deployments, full)
		}
		return nil
	})
	return out, err
}

// dress adds to a deployment its evidence and the name of its deployer.
func dress(tx *store.Tx, r plimsoll.Deployment) (Deployment, error) {
	out := Deployment{Deployment: r, Evidence: []plimsoll.Evidence{}}
	if r.Previous != "" {
		out.Previous = &r.Previous
	}
	found, err := tx.EvidenceOf(r.ID)
	if err != nil {
		return out, err
	}
	for _, e := range found {
		if e.Actor, err = person(tx, e.Actor); err != nil {
			return out, err
		}
		out.Evidence = append(out.Evidence, e)
		out.Failed = out.Failed || e.Accepted
	}
	if r.OldestAt.Known() {
		s := r.EndedAt().Seconds(r.OldestAt)
		out.LeadOldest = &s
	}
	if r.Deployer != "" {
		if out.Deployer, err = tx.Person(r.Deployer); err != nil {
			return out, err
		}
	}
	return out, nil
}

// Deployment returns one deployment with its changes, by any id under which it
// was reported.
func (d *Desk) Deployment(ctx context.Context, id string, when When) (Deployment, Read, error) {
	var out Deployment
	var at Read
	err := d.answer(ctx, when.question(), func(tx *store.Tx, q Question, position int64) error {
		at = Read{Position: position, Known: q.known()}
		r, ok, err := tx.Deployment(id)
		if err != nil {
			return err
		}
		if !ok {
			return when.notFound("deployment", id)
		}
		if out, err = dress(tx, r); err != nil {
			return err
		}
		leads, err := tx.BroughtBy(r.ID)
		out.Changes = changes(leads)
		return err
	})
	return out, at, err
}

func changes(leads []store.Lead) []Change {
	out := make([]Change, 0, len(leads))
	for _, l := range leads {
		c := Change{
			SHA: l.Key, Repository: l.Repository, Service: l.Service, Subject: l.Subject, AuthoredAt: l.AuthoredAt.Or(l.CommittedAt, l.StartAt),
			CommittedAt: l.CommittedAt, StartAt: l.StartAt, DeliveredAt: l.DeliveredAt, ExposedAt: l.ExposedAt,
			Deployment: l.Deployment, PullRequest: l.PullRequest, Bot: l.Bot, Stamps: l.Stamps,
		}
		if l.DeliveredAt.Known() {
			s := l.DeliveredAt.Seconds(l.StartAt)
			c.LeadTime = &s
		}
		out = append(out, c)
	}
	return out
}

// ChangeList is a page of changes, the latest delivered first.
type ChangeList struct {
	Asked
	Changes    []Change `json:"changes"`
	NextCursor string   `json:"next_cursor,omitempty"`
}

// Changes lists the changes delivered in the window, or those still open.
func (d *Desk) Changes(ctx context.Context, q Question, open bool, ask PageAsk) (ChangeList, error) {
	if _, err := q.filter(); err != nil {
		return ChangeList{}, err
	}
	page, err := ask.page()
	if err != nil {
		return ChangeList{}, err
	}
	var out ChangeList
	err = d.answer(ctx, q, func(tx *store.Tx, q Question, position int64) error {
		f, err := q.filter()
		if err != nil {
			return err
		}
		out.Asked = d.asked(q, position)
		rows, err := tx.ChangesPage(f, open, page)
		if err != nil {
			return err
		}
		rows, out.NextCursor = cut(rows, page, func(l store.Lead) (plimsoll.Time, string) {
			return l.DeliveredAt.Or(l.StartAt), l.PageID()
		})
		out.Changes = changes(rows)
		return nil
	})
	return out, err
}

// IncidentList is a page of incidents, the latest first.
type IncidentList struct {
	Asked
	Incidents  []Incident `json:"incidents"`
	NextCursor string     `json:"next_cursor,omitempty"`
}

// Incidents lists the incidents of a question.
func (d *Desk) Incidents(ctx context.Context, q Question, ask PageAsk) (IncidentList, error) {
	if _, err := q.filter(); err != nil {
		return IncidentList{}, err
	}
	page, err := ask.page()
	if err != nil {
		return IncidentList{}, err
	}
	out := IncidentList{Incidents: []Incident{}}
	err = d.answer(ctx, q, func(tx *store.Tx, q Question, position int64) error {
		f, err := q.filter()
		if err != nil {
			return err
		}
		out.Asked = d.asked(q, position)
		if q.Environment == "" {
			f.Production = false
		}
		rows, err := tx.Incidents(f, page)
		if err != nil {
			return err
		}
		rows, out.NextCursor = cut(rows, page, func(i plimsoll.Incident) (plimsoll.Time, string) { return i.BegunAt(), i.ID })
		for _, r := range rows {
			out.Incidents = append(out.Incidents, dressIncident(r))
		}
		return nil
	})
	return out, err
}

func dressIncident(r plimsoll.Incident) Incident {
	out := Incident{Incident: r, None: r.NoneProbability}
	if r.AttributedTo != "" {
		out.AttributedTo = &r.AttributedTo
	}
	if r.ResolvedAt.Known() {
		s := r.ResolvedAt.Seconds(r.BegunAt())
		out.RestoreTime = &s
	}
	out.Candidates = append([]plimsoll.Candidate{}, r.Candidates...)
	return out
}

// Incident returns one incident.
func (d *Desk) Incident(ctx context.Context, id string, when When) (Incident, Read, error) {
	var out Incident
	var at Read
	err := d.answer(ctx, when.question(), func(tx *store.Tx, q Question, position int64) error {
		at = Read{Position: position, Known: q.known()}
		r, ok, err := tx.Incident(id)
		if err != nil {
			return err
		}
		if !ok {
			return when.notFound("incident", id)
		}
		out = dressIncident(r)
		return nil
	})
	return out, at, err
}
