package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/client"
)

func lateCommand() *cobra.Command {
	var a asking
	var upTo string
	c := &cobra.Command{
		Use:   "late",
		Short: "What was learnt of a window since a time, and what it changed",
		Long: "Compare what was known of a window at one time with what is known now, or was known at a later time, and name\n" +
			"the events that make the difference: those that changed facts under the measures, and those that came between\n" +
			"them about the same services.",
		Example: "  plimsoll late --from 2026-03-01 --to 2026-04-01 --as-of 2026-04-01T00:00:00Z\n  plimsoll late --team payments --from 2026-03-01 --to 2026-04-01 --as-of 2026-04-01T00:00:00Z --until 2026-05-01T00:00:00Z",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			params, err := a.params()
			if err != nil {
				return err
			}
			if a.asOf == "" {
				return usageError("--as-of is missing; name the time of the earlier report, like 2026-04-01T00:00:00Z")
			}
			if upTo != "" {
				params.Set("until", upTo)
			}
			return answeredInParts(c, &a, "/api/v1/late", params, func(server *client.Client) ([]table, error) {
				l, err := server.Late(c.Context(), params)
				if err != nil || a.format == "csv" {
					return []table{lateTable(l, true)}, err
				}
				return []table{compareTable(l), lateTable(l, false)}, nil
			})
		},
	}
	a.flags(c, "30d")
	c.Flags().StringVar(&upTo, "until", "", "the time of the later report; now if nothing is said")
	return c
}

// compareTable sets the figures of two times side by side.
func compareTable(l client.Late) table {
	until := "now"
	if l.Now.AsOf.Known() {
		until = l.Now.AsOf.String()
	}
	t := table{
		Title: fmt.Sprintf("%s, %s, %s to %s (%s)", l.Then.Scope, l.Then.Environment,
			l.Then.From.Std().Format("2006-01-02 15:04"), l.Then.To.Std().Format("2006-01-02 15:04"), l.Then.Zone),
		Head: []string{"measure", "as known " + l.Then.AsOf.String(), until},
	}
	now := keyFigures(l.Now)
	for i, f := range keyFigures(l.Then) {
		before, after := f.Read(), now[i].Read()
		t.Rows = append(t.Rows, []string{f.Name(), strings.TrimSpace(before.Big + " " + before.Unit), strings.TrimSpace(after.Big + " " + after.Unit)})
	}
	return t
}

// mostChanged is how many facts of an event a person wants to read: one report
// of a service may change hundreds.
const mostChanged = 3

// lateTable lists the events that were learnt late, with a few of the facts that
// each changed, or all.
func lateTable(l client.Late, all bool) table {
	t := table{Head: []string{"event", "received", "happened", "type", "subject", "source", "changed"}}
	for _, e := range l.Events {
		var facts []string
		for i, c := range e.Changed {
			if i == mostChanged && !all {
				facts = append(facts, fmt.Sprintf("%d more", len(e.Changed)-i))
				break
			}
			facts = append(facts, fmt.Sprintf("%s %s %s", c.Fact, c.ID, c.How))
		}
		t.Rows = append(t.Rows, []string{strconv.FormatInt(e.Seq, 10), e.ReceivedAt.String(), e.OccurredAt.String(), e.Type, e.Subject, e.Source,
			strings.Join(facts, "; ")})
	}
	if len(l.Events) == 0 {
		t.Notes = append(t.Notes, "No event since has changed a fact under these measures.")
	}
	if n := len(l.Others); n > 0 {
		t.Notes = append(t.Notes, fmt.Sprintf("%d more came between them about the same services and changed none of these facts when they came; --format json lists them.", n))
	}
	if l.LeftOut > 0 {
		t.Notes = append(t.Notes, fmt.Sprintf("%d more are not listed; ask for a narrower scope or window.", l.LeftOut))
	}
	return t
}
