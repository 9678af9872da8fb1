package main

import (
	"strconv"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/client"
)

func trendCommand() *cobra.Command {
	var a asking
	var measure string
	c := &cobra.Command{
		Use:     "trend",
		Short:   "The course of a measure over weeks",
		Example: "  plimsoll trend --measure lead_time --since 52w\n  plimsoll trend --measure deployment_frequency --team shop",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			params, err := a.params()
			if err != nil {
				return err
			}
			params.Set("measure", measure)
			return answered(c, &a, "/api/v1/trend", params, func(s *client.Client) (table, error) {
				out, err := s.Trend(c.Context(), params)
				p := ""
				if out.Trend.P != nil {
					p = strconv.FormatFloat(*out.Trend.P, 'g', 2, 64)
				}
				return table{
					Title: titleOf(out.Window), Head: []string{"measure", "weeks", "a week adds", "p", "method", "answer"},
					Rows: [][]string{{out.Trend.Measure, strconv.Itoa(out.Trend.Weeks), out.Trend.SlopeWords, p, out.Trend.Method, out.Trend.Words}},
				}, err
			})
		},
	}
	a.flags(c, "26w")
	c.Flags().StringVar(&measure, "measure", "lead_time", trendNames)
	return c
}
