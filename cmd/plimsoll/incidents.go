package main

import (
	"strings"

	"github.com/spf13/cobra"
)

func incidentsCommand() *cobra.Command {
	type incidentRow struct {
		ID           string   `json:"id"`
		Services     []string `json:"services"`
		Severity     string   `json:"severity"`
		StartedAt    string   `json:"started_at"`
		DetectedAt   string   `json:"detected_at"`
		ResolvedAt   string   `json:"resolved_at"`
		AttributedTo string   `json:"attributed_to"`
		Title        string   `json:"title"`
		RestoreTime  *float64 `json:"time_to_restore_seconds"`
	}
	return listCommand(list[incidentRow]{
		noun: "incidents",
		head: []string{"began", "services", "severity", "resolved", "restored after (s)", "attributed to", "title", "id"},
		row: func(i incidentRow) []string {
			began := i.StartedAt
			if began == "" {
				began = i.DetectedAt
			}
			resolved := i.ResolvedAt
			if resolved == "" {
				resolved = "open"
			}
			return []string{began, strings.Join(i.Services, " "), i.Severity, resolved, seconds(i.RestoreTime), i.AttributedTo, i.Title, i.ID}
		},
	})
}
