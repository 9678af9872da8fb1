package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/client"
)

func bottleneckCommand() *cobra.Command {
	var a asking
	c := &cobra.Command{
		Use:     "bottleneck",
		Short:   "In which stage the lead time goes, and what would be if that came to its past",
		Example: "  plimsoll bottleneck --since 90d\n  plimsoll bottleneck --team shop --format md",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			params, err := a.params()
			if err != nil {
				return err
			}
			return answered(c, &a, "/api/v1/bottleneck", params, func(s *client.Client) (table, error) {
				out, err := s.Bottleneck(c.Context(), params)
				b := out.Bottleneck
				t := table{
					Title: titleOf(out.Window) + ", against " + day(out.EarlierFrom) + " on",
					Head:  []string{"stage", "known of", "median", "hours a month", "share", "of the slowest", "than before", "than others"},
					Notes: []string{b.Words + "."},
				}
				for _, x := range b.Stages {
					t.Rows = append(t.Rows, []string{
						x.Stage, fmt.Sprintf("%d of %d", x.N, b.Changes), x.Past.LaterWords, rounded(x.HoursAMonth, 1, 0),
						rounded(x.Share, 100, 1), rounded(x.SlowShare, 100, 1), x.Past.Words, x.Rest.Words,
					})
				}
				if b.Unknown != nil {
					t.Notes = append(t.Notes, rounded(b.Unknown, 100, 1)+" of the lead time lies in no stage.")
				}
				for _, w := range b.WhatIf {
					if w.Verdict == "better" || w.Verdict == "worse" {
						t.Notes = append(t.Notes, w.Words+".")
					}
				}
				if out.Cut {
					t.Notes = append(t.Notes, "There are more changes than are looked at: these are the latest.")
				}
				return t, err
			})
		},
	}
	a.flags(c, "90d")
	return c
}

// rounded writes a number, as a percentage if it is multiplied by 100.
func rounded(v *float64, times float64, places int) string {
	if v == nil {
		return ""
	}
	s := strconv.FormatFloat(*v*times, 'f', places, 64)
	if times == 100 {
		s += " %"
	}
	return s
}
