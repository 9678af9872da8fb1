package main

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/client"
)

func targetsCommand() *cobra.Command {
	var a asking
	var scope, service, team, span string
	c := &cobra.Command{
		Use:   "targets",
		Short: "Where the targets stand: on track, off track, or not to be decided yet",
		Example: "  plimsoll targets\n" +
			"  plimsoll targets set --measure change_failure_rate --team shop --baseline-from 2026-01-01 --baseline-to 2026-04-01 --goal 2026-10-01=0.05",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			a.scope, a.service, a.team = scope, service, team
			params, err := a.params()
			if err != nil {
				return err
			}
			if span != "" {
				params.Set("span", span)
			}
			return answered(c, &a, "/api/v1/targets", params, func(s *client.Client) (table, error) {
				out, err := s.Targets(c.Context(), params)
				t := table{Head: []string{"target", "scope", "measure", "goal", "status", "why"}}
				for _, x := range out.Targets {
					goal := ""
					if x.Goal != nil {
						goal = fmt.Sprintf("%s by %s", number(x.Goal.Value), x.Goal.At.Std().Format("2006-01-02"))
					}
					t.Rows = append(t.Rows, []string{x.ID, x.Scope, x.Measure, goal, strings.ReplaceAll(x.Status, "_", " "), x.Words})
				}
				return t, err
			})
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&scope, "scope", "", "org, team:NAME or service:NAME; all targets if nothing is said")
	f.StringVar(&service, "service", "", "short for --scope service:NAME")
	f.StringVar(&team, "team", "", "short for --scope team:NAME")
	f.StringVar(&span, "span", "", "how far the current value reaches back, 30d if nothing is said")
	f.StringVar(&a.format, "format", "table", "table, json, csv or md")
	a.to.flags(c)
	c.AddCommand(targetsSetCommand(), targetsDropCommand())
	return c
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

func targetsSetCommand() *cobra.Command {
	var to target
	var a asking
	var id, measure, from, until, note string
	var goals []string
	c := &cobra.Command{
		Use:   "set",
		Short: "Set a target, or replace it",
		Example: "  plimsoll targets set --measure lead_time --service webapp --baseline-from now-90d --baseline-to now --goal 2026-10-01=86400\n" +
			"  plimsoll targets set --id faster --measure lead_time --baseline-from 2026-01-01 --baseline-to 2026-04-01 --goal 2026-07-01=172800 --goal 2026-10-01=86400",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			a.format = "table"
			params, err := a.params()
			if err != nil {
				return err
			}
			body := map[string]any{
				"measure": measure, "scope": params.Get("scope"), "baseline": map[string]string{"from": from, "to": until},
			}
			for key, v := range map[string]string{"id": id, "note": note, "environment": a.environment} {
				if v != "" {
					body[key] = v
				}
			}
			list := []map[string]any{}
			for _, g := range goals {
				at, v, ok := strings.Cut(g, "=")
				value, err := strconv.ParseFloat(v, 64)
				if !ok || err != nil {
					return plimsoll.FieldErrorf("--goal", "%q; expected DATE=VALUE, like 2026-10-01=0.05", g)
				}
				list = append(list, map[string]any{"at": at, "value": value})
			}
			body["goals"] = list
			return setTarget(c, &to, body)
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&measure, "measure", "", measureNames)
	f.StringVar(&a.scope, "scope", "", "org, team:NAME or service:NAME")
	f.StringVar(&a.service, "service", "", "short for --scope service:NAME")
	f.StringVar(&a.team, "team", "", "short for --scope team:NAME")
	f.StringVar(&a.environment, "environment", "", "environment, all of the production class if nothing is said")
	f.StringVar(&from, "baseline-from", "", "start of the window that the target starts from, at least 30 days")
	f.StringVar(&until, "baseline-to", "", "its end, not included")
	f.StringArrayVar(&goals, "goal", nil, "DATE=VALUE: a day, and deployments a day, seconds or a ratio from 0 to 1; may be given again")
	f.StringVar(&id, "id", "", "name of the target; its scope and measure if nothing is said")
	f.StringVar(&note, "note", "", "why")
	to.flags(c)
	return c
}

func targetsDropCommand() *cobra.Command {
	var to target
	c := &cobra.Command{
		Use:     "drop ID",
		Short:   "Drop a target; what was said of it stays in the log",
		Example: "  plimsoll targets drop team:shop/change_failure_rate",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return setTarget(c, &to, map[string]any{"id": args[0], "dropped": true})
		},
	}
	to.flags(c)
	return c
}

// targetFlags are the flags that give the fields of a target.
var targetFlags = map[string]string{
	"id": "--id", "measure": "--measure", "scope": "--scope", "environment": "--environment", "note": "--note",
	"goals": "--goal", "baseline": "--baseline-from and --baseline-to",
	"baseline.from": "--baseline-from", "baseline.to": "--baseline-to",
}

func setTarget(c *cobra.Command, to *target, body map[string]any) (err error) {
	server, done, err := to.open(c.Context(), true)
	if err != nil {
		return err
	}
	defer func() {
		if doneErr := done(); err == nil {
			err = doneErr
		}
	}()
	id, position, err := server.SetTarget(c.Context(), body)
	if err != nil {
		var known *plimsoll.Error
		if errors.As(err, &known) && targetFlags[known.Field] != "" {
			known.Field = targetFlags[known.Field]
		}
		return err
	}
	// Read back what is kept, so that nobody has to wonder.
	out, err := server.Targets(c.Context(), url.Values{"min_seq": {strconv.FormatInt(position, 10)}})
	if err != nil {
		return err
	}
	for _, t := range out.Targets {
		if t.ID == id {
			fmt.Fprintf(c.OutOrStdout(), "%s: %s, %s\n", id, strings.ReplaceAll(t.Status, "_", " "), t.Words)
			return nil
		}
	}
	fmt.Fprintf(c.OutOrStdout(), "%s: dropped\n", id)
	return nil
}
