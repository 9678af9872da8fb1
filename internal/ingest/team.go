package ingest

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// claim is what an event says of teams and services, whatever its type. A type
// that has none of these fields speaks of no service.
type claim struct {
	Service  string   `json:"service"`
	Name     string   `json:"name"` // of a catalogue entry
	Services []string `json:"services"`
	Team     string   `json:"team"`
}

// answersFor refuses what an actor who is bound to a team says of another
// team's services. The catalogue says whose a service is; one that is not in it
// is nobody's, and anybody may report it. What was reported before under the
// same id counts too, so that nobody takes over another's deployment by naming
// a service of his own. Commits and pull requests belong to repositories and
// not to teams.
func (d *Door) answersFor(ctx context.Context, by plimsoll.Actor, events []plimsoll.Event) error {
	if by.Team == "" {
		return nil
	}
	return d.org.View(ctx, func(tx *store.Tx) error {
		teams := map[string]string{}
		for i, e := range events {
			var c claim
			if err := json.Unmarshal(e.Body, &c); err != nil {
				return fmt.Errorf("event %d: %w", i, err)
			}
			services, err := claimed(tx, e, c)
			if err != nil {
				return err
			}
			if err := by.MayActFor(c.Team, "what this speaks of"); err != nil {
				return about(err, i, "team")
			}
			for _, name := range services {
				if name == "" {
					continue
				}
				team, known := teams[name]
				if !known {
					s, err := tx.Service(name)
					if err != nil {
						return err
					}
					team, teams[name] = s.Team, s.Team
				}
				if err := by.MayActFor(team, "the service "+name); err != nil {
					return about(err, i, "service")
				}
			}
		}
		return nil
	})
}

// claimed lists the services that an event speaks of, now or before.
func claimed(tx *store.Tx, e plimsoll.Event, c claim) ([]string, error) {
	services := c.Services
	if c.Service != "" {
		services = append(services, c.Service)
	}
	switch e.Type {
	case plimsoll.TypeService:
		services = append(services, c.Name)
	case plimsoll.TypeDeployment:
		before, err := tx.ServiceOf(e.Subject)
		if err != nil {
			return nil, err
		}
		services = append(services, before)
	case plimsoll.TypeIncident:
		before, _, err := tx.ReportedIncident(e.Subject)
		if err != nil {
			return nil, err
		}
		services = append(services, before.Services...)
	}
	return services, nil
}

// about says in which event and field an error lies.
func about(err error, index int, field string) error {
	e, ok := err.(*plimsoll.Error)
	if !ok {
		return err
	}
	e = e.At(index)
	e.Field = field
	return e
}

// ActsFor says whether an actor may act for a service: nil, or CodeForbidden.
func (d *Door) ActsFor(ctx context.Context, by plimsoll.Actor, service string) error {
	if by.Team == "" {
		return nil
	}
	return d.org.View(ctx, func(tx *store.Tx) error {
		s, err := tx.Service(service)
		if err != nil {
			return err
		}
		return by.MayActFor(s.Team, "the service "+service)
	})
}

// mayTarget says whether an actor may set a target: whoever is bound to a team
// may set those of the team and of its services, and not take over another's.
func (d *Door) mayTarget(ctx context.Context, by plimsoll.Actor, t plimsoll.TargetReport) error {
	if by.Team == "" {
		return nil
	}
	return d.org.View(ctx, func(tx *store.Tx) error {
		there, err := tx.Targets()
		if err != nil {
			return err
		}
		var scopes []string
		for _, x := range there {
			if x.ID == t.ID {
				scopes = append(scopes, x.Scope)
			}
		}
		if t.Dropped == nil || !*t.Dropped {
			scopes = append(scopes, t.Scope)
		}
		for _, text := range scopes {
			scope, err := plimsoll.ParseScope(text)
			if err != nil {
				return err
			}
			switch scope.Kind {
			case plimsoll.ScopeTeam:
				err = by.MayActFor(scope.Name, "the target")
			case plimsoll.ScopeService:
				var s plimsoll.ServiceReport
				if s, err = tx.Service(scope.Name); err == nil {
					err = by.MayActFor(s.Team, "the service "+scope.Name)
				}
			default:
				err = plimsoll.Errorf(plimsoll.CodeForbidden, "the target is not of one team; the token %s (%s) acts for the team %s only", by.Token, by.Name, by.Team)
			}
			if err != nil {
				return about(err, -1, "scope")
			}
		}
		return nil
	})
}
