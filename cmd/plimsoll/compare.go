package main

import (
	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/client"
)

func compareCommand() *cobra.Command {
	var a asking
	var from, to string
	c := &cobra.Command{
		Use:     "compare",
		Short:   "Every measure of a window against an earlier one",
		Example: "  plimsoll compare --since 90d\n  plimsoll compare --service webapp --from 2026-04-01 --to 2026-07-01 --earlier-from 2025-04-01 --earlier-to 2025-07-01",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			params, err := a.params()
			if err != nil {
				return err
			}
			for name, v := range map[string]string{"earlier_from": from, "earlier_to": to} {
				if v != "" {
					params.Set(name, v)
				}
			}
			return answered(c, &a, "/api/v1/compare", params, func(s *client.Client) (table, error) {
				out, err := s.Compare(c.Context(), params)
				t := table{
					Title: titleOf(out.Window) + ", against " + day(out.EarlierFrom) + " to " + day(out.EarlierTo),
					Head:  []string{"measure", "earlier", "later", "difference", "answer"},
				}
				for _, x := range out.Comparisons {
					t.Rows = append(t.Rows, []string{x.Measure, x.EarlierWords, x.LaterWords, x.DifferenceWords, x.Words})
				}
				return t, err
			})
		},
	}
	a.flags(c, "30d")
	c.Flags().StringVar(&from, "earlier-from", "", "start of the earlier window; the window just before, as long, if nothing is said")
	c.Flags().StringVar(&to, "earlier-to", "", "end of the earlier window, not included")
	return c
}
