package main

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// deploymentRow is what the list shows of a deployment of the API.
type deploymentRow struct {
	ID          string `json:"id"`
	Service     string `json:"service"`
	Environment string `json:"environment"`
	Version     string `json:"version"`
	CommitSHA   string `json:"commit_sha"`
	Kind        string `json:"kind"`
	Result      string `json:"result"`
	StartedAt   string `json:"started_at"`
	FinishedAt  string `json:"finished_at"`
	Failed      bool   `json:"failed"`
	Brought     int    `json:"brought"`
	Evidence    []struct {
		Kind     string `json:"kind"`
		Accepted bool   `json:"accepted"`
	} `json:"evidence"`
	LeadOldest *float64 `json:"lead_time_oldest_seconds"`
}

func deploymentsCommand() *cobra.Command {
	return listCommand(list[deploymentRow]{
		noun: "deployments",
		head: []string{"ended", "service", "environment", "version", "kind", "result", "failed by", "changes", "oldest change (s)", "id"},
		row: func(d deploymentRow) []string {
			ended, version := d.FinishedAt, d.Version
			if ended == "" {
				ended = d.StartedAt
			}
			if version == "" {
				version = d.CommitSHA[:min(len(d.CommitSHA), 10)]
			}
			var kinds []string
			for _, e := range d.Evidence {
				if e.Accepted {
					kinds = append(kinds, e.Kind)
				}
			}
			return []string{ended, d.Service, d.Environment, version, d.Kind, d.Result, strings.Join(kinds, " "),
				strconv.Itoa(d.Brought), seconds(d.LeadOldest), d.ID}
		},
	})
}
