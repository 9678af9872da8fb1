package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/client"
)

func usageError(format string, args ...any) error {
	return plimsoll.Errorf(plimsoll.CodeInvalid, format, args...)
}

func checkFormat(format string) error {
	switch format {
	case "table", "json", "csv", "md":
		return nil
	}
	return plimsoll.FieldErrorf("--format", "%q; expected table, json, csv or md", format)
}

// table is what a verb prints.
type table struct {
	Title string
	Head  []string
	Rows  [][]string
	Notes []string
}

func printTable(w io.Writer, format string, t table) error {
	switch format {
	case "csv":
		return printCSV(w, t)
	case "md":
		return printMarkdown(w, t)
	}
	var b strings.Builder
	if t.Title != "" {
		b.WriteString(t.Title + "\n\n")
	}
	widths := make([]int, len(t.Head))
	for _, row := range append([][]string{t.Head}, t.Rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for n, row := range append([][]string{t.Head}, t.Rows...) {
		line := ""
		for i, cell := range row {
			if n == 0 {
				cell = strings.ToUpper(cell)
			}
			line += cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2)
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	if len(t.Rows) == 0 {
		b.WriteString("(none)\n")
	}
	if len(t.Notes) > 0 {
		b.WriteString("\n" + strings.Join(t.Notes, "\n") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// printCSV writes RFC 4180. A cell that a spreadsheet would take for a formula
// is made text.
func printCSV(w io.Writer, t table) error {
	out := csv.NewWriter(w)
	for _, row := range append([][]string{t.Head}, t.Rows...) {
		safe := make([]string, len(row))
		for i, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				cell = "'" + cell
			}
			safe[i] = cell
		}
		if err := out.Write(safe); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func printMarkdown(w io.Writer, t table) error {
	escape := strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;")
	var b strings.Builder
	if t.Title != "" {
		b.WriteString(t.Title + "\n\n")
	}
	line := func(cells []string) {
		for _, c := range cells {
			b.WriteString("| " + escape.Replace(c) + " ")
		}
		b.WriteString("|\n")
	}
	line(t.Head)
	b.WriteString(strings.Repeat("| --- ", len(t.Head)) + "|\n")
	for _, row := range t.Rows {
		line(row)
	}
	if len(t.Notes) > 0 {
		b.WriteString("\n" + strings.Join(t.Notes, "\n\n") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// copyJSON prints an answer of the API as it came.
func copyJSON(c *cobra.Command, server *client.Client, path string, params url.Values) error {
	var body []byte
	if err := server.Get(c.Context(), path, params, &body); err != nil {
		return err
	}
	_, err := c.OutOrStdout().Write(body)
	return err
}

// copyWhole prints every page of a list as one answer.
func copyWhole(c *cobra.Command, server *client.Client, path, noun string, params url.Values) error {
	whole, next, err := fetchRaw(c, server, path, params)
	if err != nil {
		return err
	}
	var rows []json.RawMessage
	for page := whole; ; {
		var more []json.RawMessage
		if err := json.Unmarshal(page[noun], &more); err != nil {
			return fmt.Errorf("answer of %s: %w", path, err)
		}
		rows = append(rows, more...)
		if next == "" {
			break
		}
		params.Set("cursor", next)
		if page, next, err = fetchRaw(c, server, path, params); err != nil {
			return err
		}
	}
	delete(whole, "next_cursor")
	if len(rows) > 0 {
		if whole[noun], err = json.Marshal(rows); err != nil {
			return err
		}
	}
	return json.NewEncoder(c.OutOrStdout()).Encode(whole)
}

// fetch reads one page of a list; next is the cursor of the page after, "" when
// this is the last.
func fetch[R any](c *cobra.Command, server *client.Client, path, noun string, params url.Values) (rows []R, next string, err error) {
	answer, next, err := fetchRaw(c, server, path, params)
	if err != nil {
		return nil, "", err
	}
	if err := json.Unmarshal(answer[noun], &rows); err != nil {
		return nil, "", fmt.Errorf("answer of %s: %w", path, err)
	}
	return rows, next, nil
}

func fetchRaw(c *cobra.Command, server *client.Client, path string, params url.Values) (answer map[string]json.RawMessage, next string, err error) {
	if err := server.Get(c.Context(), path, params, &answer); err != nil {
		return nil, "", err
	}
	if raw, ok := answer["next_cursor"]; ok {
		if err := json.Unmarshal(raw, &next); err != nil {
			return nil, "", fmt.Errorf("answer of %s: %w", path, err)
		}
	}
	return answer, next, nil
}
