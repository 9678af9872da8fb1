package main

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/client"
)

// answered runs a verb that asks one path of the API: as it came for json, else
// as the table that ask makes of it.
func answered(c *cobra.Command, a *asking, path string, params url.Values, ask func(*client.Client) (table, error)) (err error) {
	server, done, err := a.to.open(c.Context(), false)
	if err != nil {
		return err
	}
	defer func() {
		if doneErr := done(); err == nil {
			err = doneErr
		}
	}()
	if a.format == "json" {
		return copyJSON(c, server, path, params)
	}
	t, err := ask(server)
	if err != nil {
		return err
	}
	return printTable(c.OutOrStdout(), a.format, t)
}

func titleOf(w client.Window) string {
	return fmt.Sprintf("%s, %s, %s to %s (%s)", w.Scope, w.Environment, day(w.From), day(w.To), w.Zone)
}

func day(t plimsoll.Time) string {
	if !t.Known() {
		return "unknown"
	}
	return t.Std().Format("2006-01-02 15:04")
}

const measureNames = "deployment_frequency, lead_time, change_failure_rate, time_to_restore, rework_rate or rollback_rate"

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
	c.Flags().StringVar(&measure, "measure", "lead_time", measureNames)
	return c
}

func signsCommand() *cobra.Command {
	var a asking
	c := &cobra.Command{
		Use:     "signs",
		Short:   "Questions for the review: where a number may look better than what it stands for",
		Example: "  plimsoll signs --since 90d\n  plimsoll signs --team shop --format md",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			params, err := a.params()
			if err != nil {
				return err
			}
			return answered(c, &a, "/api/v1/gaming-signs", params, func(s *client.Client) (table, error) {
				out, err := s.Signs(c.Context(), params)
				t := table{Title: titleOf(out.Window), Head: []string{"sign", "found", "question", "facts"}}
				var silent, none []string
				for _, x := range out.Signs {
					switch x.State {
					case "raised":
						t.Rows = append(t.Rows, []string{x.Sign, fmt.Sprintf("%d of %d, %s", x.Found, x.N, x.Strength), x.Question, someOf(x.Facts)})
					case "silent":
						silent = append(silent, x.Sign)
					default:
						none = append(none, x.Sign)
					}
				}
				if len(silent) > 0 {
					t.Notes = append(t.Notes, "Nothing beyond chance: "+strings.Join(silent, ", ")+".")
				}
				if len(none) > 0 {
					t.Notes = append(t.Notes, "Nothing to look at: "+strings.Join(none, ", ")+".")
				}
				return t, err
			})
		},
	}
	a.flags(c, "90d")
	return c
}

// someOf names the first few of many.
func someOf(ids []string) string {
	const shown = 5
	if len(ids) <= shown {
		return strings.Join(ids, " ")
	}
	return strings.Join(ids[:shown], " ") + fmt.Sprintf(" and %d more", len(ids)-shown)
}
