package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll"
)

// The fields that record takes as flags, with dashes for underscores. A
// trailing mark says what is sent: [] a list, ? true or false, # a number.
var recordFields = map[string]string{
	"deployment": "id source occurred_at service environment version commit_sha repository commit_timestamp started_at finished_at result kind strategy planned? rollback_of fixes change_class group_id ready_at full_rollout_at waited_seconds# deployer team url previous_sha changes[]",
	"incident":   "id source occurred_at services[] environment severity started_at detected_at acknowledged_at diagnosed_at mitigated_at resolved_at caused_by title url",
	"change":     "source occurred_at sha repository committed_at authored_at parents[] message_subject author bot? paths[] pull_request# built_at reverts",
	"flag":       "id source occurred_at key environment services[] at from to fixes url",
}

var recordExamples = map[string]string{
	"deployment": "  plimsoll record deployment --service webapp --environment production --version v2.1.0 --commit-sha \"$(git rev-parse HEAD)\"",
	"incident":   "  plimsoll record incident --id INC-42 --services webapp --severity high --started-at 2026-03-24T10:20:00Z",
	"change":     "  plimsoll record change --sha \"$(git rev-parse HEAD)\" --repository github.com/acme/webapp --committed-at 2026-03-24T10:00:00Z",
	"flag":       "  plimsoll record flag --key new-checkout --environment production --services webapp --from off --to on",
}

func recordCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "record",
		Short:   "Record one event, from a CI step or by hand",
		Example: recordExamples["deployment"],
	}
	for _, what := range []string{"deployment", "incident", "change", "flag"} {
		c.AddCommand(recordOne(what))
	}
	return c
}

func recordOne(what string) *cobra.Command {
	to := target{preferServer: true}
	values := map[string]*string{}
	var labels []string
	c := &cobra.Command{
		Use:     what,
		Short:   "Record one " + what,
		Long:    "Record one " + what + ". It returns when the event is durable, and tries again for a while when the\nserver is away. The same content twice is recognised; without a time it is about now, so a step that may run\ntwice should give a time or an id.",
		Example: recordExamples[what],
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			event := map[string]any{"type": what}
			for field, v := range values {
				if *v != "" {
					if event[strings.TrimRight(field, "[]?#")], err = fieldValue(field, *v); err != nil {
						return err
					}
				}
			}
			if err := addLabels(event, labels); err != nil {
				return err
			}
			stampNow(what, event, time.Now())
			return send(c, &to, what, event)
		},
	}
	c.Flags().SortFlags = false
	for _, field := range strings.Fields(recordFields[what]) {
		values[field] = c.Flags().String(strings.TrimPrefix(flagOf(field), "--"), "", describe(field))
	}
	c.Flags().StringArrayVar(&labels, "label", nil, "KEY=VALUE, may be repeated")
	to.flags(c)
	return c
}

// flagOf is the flag that gives a field.
func flagOf(field string) string {
	return "--" + strings.ReplaceAll(strings.TrimRight(field, "[]?#"), "_", "-")
}

// described are the fields whose names do not say all.
var described = map[string]string{
	"id":           "names the subject: the same id again is an update; made from the content if it may be left out",
	"source":       "the tool that reports, api if nothing is said",
	"environment":  "such as production or staging",
	"result":       "running, success, failure, rolled_back, aborted, superseded or canceled; success once finished",
	"kind":         "initial, change, rollback, redeploy, hotfix or config; derived if nothing is said",
	"strategy":     "direct, rolling, canary or blue_green",
	"planned?":     "true for a rehearsed roll-back",
	"rollback_of":  "id of the deployment that it takes back",
	"fixes":        "id of the incident that it repairs",
	"group_id":     "joins the regions of one release",
	"deployer":     "whom to ask; shown with the deployment, never a grouping",
	"caused_by":    "id, commit or version of the deployment that caused it",
	"author":       "kept as a salted hash only",
	"repository":   "such as github.com/acme/webapp",
	"reverts":      "commit that it takes back",
	"services[]":   "one or more, separated by commas",
	"service":      "what is deployed, under one name everywhere",
	"version":      "such as v2.1.0",
	"commit_sha":   "commit that is deployed",
	"finished_at":  "time, like 2026-03-24T10:15:00Z; now if no time is given",
	"previous_sha": "commit that ran before",
}

func describe(field string) string {
	if s, ok := described[field]; ok {
		return s
	}
	switch {
	case strings.HasSuffix(field, "[]"):
		return "one or more, separated by commas"
	case strings.HasSuffix(field, "?"):
		return "true or false"
	case strings.HasSuffix(field, "_at"), field == "commit_timestamp", field == "at":
		return "time, like 2026-03-24T10:15:00Z"
	}
	return ""
}

func fieldValue(field, v string) (any, error) {
	name := flagOf(field)
	switch field[len(field)-1] {
	case ']':
		return strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == ' ' }), nil
	case '?':
		b, err := strconv.ParseBool(v)
		if err != nil {
			return nil, plimsoll.FieldErrorf(name, "%q; expected true or false", v)
		}
		return b, nil
	case '#':
		n, err := strconv.ParseFloat(v, 64)
		if err != nil {
			return nil, plimsoll.FieldErrorf(name, "%q is not a number", v)
		}
		return n, nil
	}
	return v, nil
}

func addLabels(event map[string]any, labels []string) error {
	if len(labels) == 0 {
		return nil
	}
	out := map[string]string{}
	for _, l := range labels {
		k, v, ok := strings.Cut(l, "=")
		if !ok || k == "" {
			return plimsoll.FieldErrorf("--label", "%q; expected KEY=VALUE", l)
		}
		out[k] = v
	}
	event["labels"] = out
	return nil
}

// stampNow sets the one time without which an event says nothing, when nobody
// gave any: a CI step that has just deployed means now.
func stampNow(what string, event map[string]any, now time.Time) {
	at := now.UTC().Truncate(time.Second).Format(time.RFC3339)
	given := func(fields ...string) bool {
		for _, f := range fields {
			if event[f] != nil {
				return true
			}
		}
		return false
	}
	switch what {
	case "deployment":
		if given("started_at", "finished_at") {
			return
		}
		if event["result"] == string(plimsoll.ResultRunning) {
			event["started_at"] = at
		} else {
			event["finished_at"] = at
		}
	case "incident":
		if !given("started_at", "detected_at", "acknowledged_at", "diagnosed_at", "mitigated_at", "resolved_at") {
			event["started_at"] = at
		}
	case "flag":
		if !given("at") {
			event["at"] = at
		}
	}
}

func send(c *cobra.Command, to *target, what string, event map[string]any) (err error) {
	body, err := json.Marshal(event)
	if err != nil {
		return err
	}
	server, done, err := to.open(c.Context(), true)
	if err != nil {
		return err
	}
	defer func() {
		if doneErr := done(); err == nil {
			err = doneErr
		}
	}()
	receipt, err := server.Send(c.Context(), []json.RawMessage{body})
	if err != nil {
		return alone(err)
	}
	said := "recorded"
	if receipt.Accepted == 0 {
		said = "known already, nothing to do:"
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "%s %s (position %d)\n", said, what, receipt.Position)
	return err
}

// alone takes the index out of an error about the only event there is, and
// names the flag in place of the field.
func alone(err error) error {
	e, ok := err.(*plimsoll.Error)
	if !ok {
		return err
	}
	e = e.At(-1)
	if e.Field != "" {
		e.Field = flagOf(e.Field)
	}
	return e
}
