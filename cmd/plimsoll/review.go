package main

import (
	"fmt"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/client"
)

// answered runs a verb that asks one path of the API: as it came for json, else
// as the table that ask makes of it.
func answered(c *cobra.Command, a *asking, path string, params url.Values, ask func(*client.Client) (table, error)) error {
	return answeredInParts(c, a, path, params, func(server *client.Client) ([]table, error) {
		t, err := ask(server)
		return []table{t}, err
	})
}

// answeredInParts is answered for several tables, with a line between them; those
// that say nothing are left out, but for the first. Comma separated values have one
// head, so ask gives one table for them.
func answeredInParts(c *cobra.Command, a *asking, path string, params url.Values, ask func(*client.Client) ([]table, error)) (err error) {
	server, done, err := a.to.open(c.Context(), false)
	if err != nil {
		return err
	}
	defer func() {
		if doneErr := done(); err == nil {
			err = doneErr
		}
	}()
	if a.format == "json" {
		return copyJSON(c, server, path, params)
	}
	tables, err := ask(server)
	if err != nil {
		return err
	}
	for i, t := range tables {
		if i > 0 {
			if len(t.Rows)+len(t.Notes) == 0 {
				continue
			}
			if _, err := fmt.Fprintln(c.OutOrStdout()); err != nil {
				return err
			}
		}
		if err := printTable(c.OutOrStdout(), a.format, t); err != nil {
			return err
		}
	}
	return nil
}

func titleOf(w client.Window) string {
	return fmt.Sprintf("%s, %s, %s to %s (%s)", w.Scope, w.Environment, day(w.From), day(w.To), w.Zone)
}

func day(t plimsoll.Time) string {
	if !t.Known() {
		return "unknown"
	}
	return t.Std().Format("2006-01-02 15:04")
}

// measureNames are the measures that can have a target. A trend has more.
const measureNames = "deployment_frequency, lead_time, change_failure_rate, time_to_restore, rework_rate or rollback_rate"

// trendNames are the measures of which the API has a series.
const trendNames = measureNames + ";\ncanary_pass_rate, deployment_duration or time_to_full_rollout;\nlead_time_stage:NAME of coding, pickup, review, build, staging, wait or deploy"
