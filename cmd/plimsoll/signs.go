package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/client"
)

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
