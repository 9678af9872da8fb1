package main

import (
	"strconv"

	"github.com/spf13/cobra"
)

// changeRow is what the list shows of a change of the API.
type changeRow struct {
	SHA         string   `json:"sha"`
	Service     string   `json:"service"`
	AuthoredAt  string   `json:"authored_at"`
	DeliveredAt string   `json:"delivered_at"`
	LeadTime    *float64 `json:"lead_time_seconds"`
	PullRequest int      `json:"pull_request"`
	Deployment  string   `json:"deployment"`
	Subject     string   `json:"message_subject"`
}

func changesCommand() *cobra.Command {
	return listCommand(list[changeRow]{
		noun: "changes",
		head: []string{"commit", "service", "lead time (s)", "authored", "delivered", "pull request", "deployment", "subject"},
		row: func(c changeRow) []string {
			pull := ""
			if c.PullRequest != 0 {
				pull = "#" + strconv.Itoa(c.PullRequest)
			}
			return []string{c.SHA, c.Service, seconds(c.LeadTime), c.AuthoredAt, c.DeliveredAt, pull, c.Deployment, c.Subject}
		},
	})
}
