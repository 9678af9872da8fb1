package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/client"
	"github.com/plimsoll-dev/plimsoll/internal/app"
)

func doctorCommand() *cobra.Command {
	var to target
	var format string
	var quick bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Look at the store: is it whole, does everything follow, is there room",
		Long: "Look at the store and say of each thing whether it is well, and what to do if it is not. Nothing is changed.\n" +
			"A data folder can be looked at while a server works on it. The whole database is read, about a second per 300 MB;\n" +
			"--quick leaves that out. The exit code is 1 when something fails; a warning alone is 0.",
		Example: "  plimsoll doctor --data .plimsoll\n  plimsoll doctor --server http://127.0.0.1:8080 --quick --format json",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if format != "table" && format != "json" {
				return plimsoll.FieldErrorf("--format", "%q; expected table or json", format)
			}
			out, err := examined(c, &to, quick)
			if err != nil {
				return err
			}
			if format == "json" {
				enc := json.NewEncoder(c.OutOrStdout())
				enc.SetIndent("", "  ")
				enc.SetEscapeHTML(false)
				err = enc.Encode(out)
			} else {
				err = printFindings(c, out)
			}
			if err == nil && out.Status == plimsoll.FindingFail {
				return errNo
			}
			return err
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.BoolVar(&quick, "quick", false, "leave out what reads the whole database")
	f.StringVar(&format, "format", "table", "table or json")
	to.flags(c)
	return c
}

// examined asks the server, or looks at the folder.
func examined(c *cobra.Command, to *target, quick bool) (client.Doctor, error) {
	to.resolve()
	if to.server != "" {
		server, done, err := to.open(c.Context(), false)
		if err != nil {
			return client.Doctor{}, err
		}
		out, err := server.Doctor(c.Context(), quick)
		if doneErr := done(); err == nil {
			err = doneErr
		}
		return out, err
	}
	if _, err := os.Stat(filepath.Join(to.data, "plimsoll.db")); to.database == "" && err != nil {
		return client.Doctor{}, plimsoll.FieldErrorf("--data", "%s holds no data; expected the folder of a server, or name one with --server URL", to.data)
	}
	found, err := app.Examine(c.Context(), to.data, to.database, quick)
	return client.Doctor{Status: plimsoll.WorstFinding(found), Findings: found}, err
}

// printFindings writes what was found, and below it what to do.
func printFindings(c *cobra.Command, d client.Doctor) error {
	t := table{Head: []string{"status", "check", "found"}}
	count := map[string]int{}
	last := ""
	for _, f := range d.Findings {
		count[f.Status]++
		check := f.Check
		if check == last {
			check = ""
		}
		last = f.Check
		t.Rows = append(t.Rows, []string{f.Status, check, f.Found})
		if f.Advice != "" {
			note := fmt.Sprintf("%s, %s: %s.", f.Status, f.Check, f.Advice)
			if len(t.Notes) == 0 || t.Notes[len(t.Notes)-1] != note {
				t.Notes = append(t.Notes, note)
			}
		}
	}
	said := []string{fmt.Sprintf("%d ok", count[plimsoll.FindingOK])}
	for _, s := range []string{plimsoll.FindingWarn, plimsoll.FindingFail} {
		if count[s] > 0 {
			said = append(said, fmt.Sprintf("%d %s", count[s], s))
		}
	}
	t.Notes = append(t.Notes, strings.Join(said, ", ")+".")
	return printTable(c.OutOrStdout(), "table", t)
}
