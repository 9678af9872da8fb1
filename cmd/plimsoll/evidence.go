package main

import (
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/client"
)

func evidenceCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "evidence",
		Short:   "List what shows that deployments failed, and confirm or reject it",
		Example: "  plimsoll evidence list --status suspected",
	}
	c.AddCommand(evidenceListCommand(), sayCommand("confirm", "confirmed"), sayCommand("reject", "rejected"))
	return c
}

func evidenceListCommand() *cobra.Command {
	type evidenceRow struct {
		ID         string  `json:"id"`
		Service    string  `json:"service"`
		Deployment string  `json:"deployment"`
		Kind       string  `json:"kind"`
		Cause      string  `json:"cause"`
		At         string  `json:"at"`
		Confidence float64 `json:"confidence"`
		Status     string  `json:"status"`
		Reason     string  `json:"reason"`
	}
	c := listCommand(list[evidenceRow]{
		noun: "evidence",
		head: []string{"at", "service", "deployment", "kind", "cause", "confidence", "status", "reason", "id"},
		row: func(e evidenceRow) []string {
			return []string{e.At, e.Service, e.Deployment, e.Kind, e.Cause, strconv.FormatFloat(e.Confidence, 'f', -1, 64), e.Status, e.Reason, e.ID}
		},
		more: map[string]string{"status": "accepted, suspected, confirmed, rejected or discounted; all if nothing is said"},
	})
	c.Use, c.Example = "list", "  plimsoll evidence list --service webapp --status suspected"
	return c
}

// sayCommand is a person's word on a piece of evidence.
func sayCommand(verb, done string) *cobra.Command {
	to := target{preferServer: true}
	var reason, actor string
	c := &cobra.Command{
		Use:     verb + " ID",
		Short:   "Say of a piece of evidence that it is " + done + ", and why",
		Long:    "Say of a piece of evidence that it is " + done + ", and why. The latest word of a person decides whether it counts;\nall words are kept with the evidence.",
		Example: "  plimsoll evidence " + verb + " ev-0123456789abcdef --reason \"seen on the dashboard\"",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) (err error) {
			server, closed, err := to.open(c.Context(), true)
			if err != nil {
				return err
			}
			defer func() {
				if closeErr := closed(); err == nil {
					err = closeErr
				}
			}()
			// The time goes along, so that a request that is tried again is
			// recognised.
			word := map[string]string{"reason": reason, "at": time.Now().UTC().Format(time.RFC3339Nano)}
			if actor != "" {
				word["actor"] = actor
			}
			var receipt client.Receipt
			if err := server.Post(c.Context(), "/api/v1/evidence/"+url.PathEscape(args[0])+"/"+verb, word, &receipt); err != nil {
				return alone(err)
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "%s %s (position %d)\n", done, args[0], receipt.Position)
			return err
		},
	}
	c.Flags().SortFlags = false
	c.Flags().StringVar(&reason, "reason", "", "why; required")
	c.Flags().StringVar(&actor, "actor", "", "who says so, where no token does; shown with the evidence, never a grouping")
	to.flags(c)
	return c
}
