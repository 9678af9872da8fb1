package main

import (
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/client"
	"github.com/plimsoll-dev/plimsoll/internal/ui"
)

func explainCommand() *cobra.Command {
	var a asking
	choice := map[string]*string{}
	limit, all := 20, false
	c := &cobra.Command{
		Use:   "explain MEASURE",
		Short: "Why a measure has its number: the definition, and every fact with its reason",
		Long: "Why a measure has its number: what it means, which facts it counts and which it leaves out, each with the reason.\n" +
			"MEASURE is deployment_frequency, lead_time, change_failure_rate, time_to_restore, rework_rate, rollback_rate,\n" +
			"canary_pass_rate, deployment_duration or time_to_full_rollout;\n" +
			"lead_time_stage:NAME of coding, pickup, review, build, staging, wait or deploy;\n" +
			"or restore_stage:NAME of detect, diagnose, fix, deploy_fix or recover.\n" +
			"Evenness and the reaction to failures have no explanation.",
		Example: "  plimsoll explain change_failure_rate --since 90d\n  plimsoll explain lead_time --service webapp --counted false\n" +
			"  plimsoll explain lead_time_stage:review --since 90d --reason no_stage_begin\n" +
			"  plimsoll explain time_to_restore --basis incident --format csv > restores.csv",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError("explain what? expected one measure, like change_failure_rate")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) (err error) {
			params, err := a.params()
			if err != nil {
				return err
			}
			for name, v := range choice {
				if *v != "" {
					params.Set(name, *v)
				}
			}
			server, done, err := a.to.open(c.Context(), false)
			if err != nil {
				return err
			}
			defer func() {
				if doneErr := done(); err == nil {
					err = doneErr
				}
			}()
			path := "/api/v1/explain/" + url.PathEscape(args[0])
			if a.format == "csv" {
				params.Set("format", "csv")
				return copyJSON(c, server, path, params)
			}
			if all {
				params.Set("all", "true")
			} else {
				params.Set("limit", strconv.Itoa(limit))
			}
			if a.format == "json" {
				return copyJSON(c, server, path, params)
			}
			e, err := server.Explain(c.Context(), args[0], params)
			if err != nil {
				return err
			}
			return printExplained(c.OutOrStdout(), a.format, e)
		},
	}
	a.flags(c, "30d")
	for _, f := range [][2]string{
		{"basis", "of lead_time: change, pull_request or oldest; of time_to_restore: deployment or incident"},
		{"benchmark", "set of bands, like seed or dora-2024"},
		{"counted", "true: only facts that count; false: only those that do not"},
		{"role", "only facts with that part: numerator, denominator, sample, open or excluded"},
		{"reason", "only facts with that reason, like redeploy"},
	} {
		choice[f[0]] = c.Flags().String(f[0], "", f[1])
	}
	c.Flags().IntVar(&limit, "limit", limit, "how many facts, up to 1000")
	c.Flags().BoolVar(&all, "all", false, "every fact, up to 100,000; csv always has all")
	return c
}

// printExplained writes the definition, the facts counted by their reasons, and
// the facts.
func printExplained(w io.Writer, format string, e client.Explained) error {
	n := e.Number
	if n == nil {
		return plimsoll.Errorf(plimsoll.CodeInternal, "the answer holds no number")
	}
	head := []string{
		fmt.Sprintf("%s, %s, %s, %s to %s (%s)", e.Title, e.Scope, e.Environment,
			e.From.Std().Format("2006-01-02 15:04"), e.To.Std().Format("2006-01-02 15:04"), e.Zone),
		fmt.Sprintf("%s = %s", numberWords(e.Unit, n), e.Formula),
		fmt.Sprintf("Definitions %s, clauses %s. Up to event %d.", e.Definitions, strings.Join(e.Clauses, ", "), e.Position),
		fmt.Sprintf("GET %s (%s)", n.API, n.Field),
	}
	if n.Band != nil && n.Bands != nil {
		head = append(head, fmt.Sprintf("Band %s, after %s.", *n.Band, n.Bands.Title))
	}
	head = append(head, e.Notes...)
	reasons := table{Title: strings.Join(head, "\n"), Head: []string{"facts", "part", "reason", "because", "clauses"}}
	if format == "md" {
		reasons.Title = strings.Join(head, "\n\n")
	}
	for _, r := range n.Reasons {
		reasons.Rows = append(reasons.Rows, []string{strconv.Itoa(r.N), r.Role, r.Reason, r.Because, strings.Join(r.Clauses, ", ")})
	}
	if err := printTable(w, format, reasons); err != nil {
		return err
	}
	if _, err := io.WriteString(w, "\n"); err != nil {
		return err
	}
	facts := table{Head: []string{"time", "fact", "service", "version", "part", "reason", "value", "id"}}
	for _, f := range e.Facts {
		value, service, version := "", f.Service, f.Version
		if f.Value != nil {
			value = ui.Amount("s", f.Value)
		}
		if service == "" {
			service = strings.Join(f.Services, " ")
		}
		if version == "" {
			version = f.CommitSHA[:min(len(f.CommitSHA), 10)]
		}
		at := f.At.Or(f.Begin)
		facts.Rows = append(facts.Rows, []string{at.String(), f.Type, service, version, f.Role, f.Reason, value, f.ID})
	}
	if e.NextCursor != "" {
		facts.Notes = append(facts.Notes, "There are more; ask with a greater --limit, or --all.")
	}
	return printTable(w, format, facts)
}

// numberWords is the figure with its parts: "9.1 % (3 of 33, 95 % CI 3.1 % – 23.6 %)".
func numberWords(unit string, n *client.Number) string {
	detail := fmt.Sprintf("n = %d", n.N)
	if n.Numerator != nil && n.Denominator != nil {
		detail = fmt.Sprintf("%g of %g", *n.Numerator, *n.Denominator)
		if unit == "per_day" {
			detail = fmt.Sprintf("%g in %.4g days", *n.Numerator, *n.Denominator)
		}
	}
	if n.CI != nil {
		detail += ", 95 % CI " + ui.Amount(unit, &n.CI[0]) + " – " + ui.Amount(unit, &n.CI[1])
	}
	if n.Open > 0 {
		detail += fmt.Sprintf(", %d open", n.Open)
	}
	if n.Provisional {
		detail += ", provisional"
	}
	if n.TooFew {
		detail += ", too few for a rate"
	}
	return ui.Amount(unit, n.Value) + " (" + detail + ")"
}
