package main

import (
	"strconv"

	"github.com/spf13/cobra"
)

// list is a verb that prints rows of one of the API's lists.
type list[R any] struct {
	noun string
	head []string
	row  func(R) []string
	more map[string]string // parameters that only this list has → what they mean
}

func listCommand[R any](l list[R]) *cobra.Command {
	var a asking
	limit := 20
	more := map[string]*string{}
	c := &cobra.Command{
		Use:     l.noun,
		Short:   "List " + l.noun + ", the latest first",
		Example: "  plimsoll " + l.noun + " --service webapp --limit 50",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			params, err := a.params()
			if err != nil {
				return err
			}
			for name, v := range more {
				if *v != "" {
					params.Set(name, *v)
				}
			}
			all := limit == 0
			if all {
				limit = 1000
			}
			params.Set("limit", strconv.Itoa(limit))
			server, done, err := a.to.open(c.Context(), false)
			if err != nil {
				return err
			}
			defer func() {
				if doneErr := done(); err == nil {
					err = doneErr
				}
			}()
			path := "/api/v1/" + l.noun
			if a.format == "json" && !all {
				return copyJSON(c, server, path, params)
			}
			if a.format == "json" {
				return copyWhole(c, server, path, l.noun, params)
			}
			t := table{Head: l.head}
			for {
				rows, next, err := fetch[R](c, server, path, l.noun, params)
				if err != nil {
					return err
				}
				for _, r := range rows {
					t.Rows = append(t.Rows, l.row(r))
				}
				if next == "" {
					break
				}
				if !all {
					t.Notes = append(t.Notes, "There are more; ask with a greater --limit, or 0 for all.")
					break
				}
				params.Set("cursor", next)
			}
			return printTable(c.OutOrStdout(), a.format, t)
		},
	}
	a.flags(c, "")
	for name, usage := range l.more {
		more[name] = c.Flags().String(name, "", usage)
	}
	c.Flags().IntVar(&limit, "limit", limit, "how many, up to 1000; 0 for all")
	return c
}

func seconds(v *float64) string {
	if v == nil {
		return ""
	}
	return strconv.FormatFloat(*v, 'f', -1, 64)
}
