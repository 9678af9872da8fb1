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
		Long:    "Record one " + what + ". Repeating it is harmless: the same content is recognised. It returns when the\nevent is durable, and tries again for a while when the server is away.",
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
		name := strings.ReplaceAll(strings.TrimRight(field, "[]?#"), "_", "-")
		values[field] = c.Flags().String(name, "", describe(field))
	}
	c.Flags().StringArrayVar(&labels, "label", nil, "KEY=VALUE, may be repeated")
	to.flags(c)
	return c
}

func describe(field string) string {
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
	name := "--" + strings.ReplaceAll(strings.TrimRight(field, "[]?#"), "_", "-")
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

// alone takes the index out of an error about the only event there is.
func alone(err error) error {
	if e, ok := err.(*plimsoll.Error); ok && e.Index >= 0 {
		return e.At(-1)
	}
	return err
}
