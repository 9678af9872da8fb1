package main

import (
	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/client"
)

func baselineCommand() *cobra.Command {
	var a asking
	var measure string
	c := &cobra.Command{
		Use:     "baseline",
		Short:   "The value of a measure that a target can start from",
		Example: "  plimsoll baseline --measure change_failure_rate --since 90d\n  plimsoll baseline --measure lead_time --team shop --from 2026-01-01 --to 2026-04-01",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			params, err := a.params()
			if err != nil {
				return err
			}
			params.Set("measure", measure)
			return answered(c, &a, "/api/v1/baseline", params, func(s *client.Client) (table, error) {
				out, err := s.Baseline(c.Context(), params)
				answer := "no: " + out.Baseline.Words
				if out.Baseline.Valid {
					answer = out.Baseline.Words
				}
				return table{
					Title: titleOf(out.Window), Head: []string{"measure", "baseline"},
					Rows: [][]string{{out.Baseline.Measure, answer}},
				}, err
			})
		},
	}
	a.flags(c, "90d")
	c.Flags().StringVar(&measure, "measure", "change_failure_rate", measureNames)
	return c
}
