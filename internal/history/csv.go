package history

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
)

// CSV imports a file with a header row of wire fields, one event a row. The
// type of a row is its cell in the column type, else Type. An empty cell states
// nothing. Columns this build does not know are passed on as text.
type CSV struct {
	Name     string // of the file, for errors
	Reader   io.Reader
	Type     plimsoll.Type // deployment when empty
	Comma    rune          // 0: comma, semicolon or tab, whichever the header row uses
	Progress func(Progress)
}

// Tally says what was read of a file and accepted.
type Tally struct {
	Lines  int `json:"lines"`  // up to the last one read
	Events int `json:"events"` // accepted
}

// How a column is written on the wire; all others are text. A cell of jsonCell
// that starts with a brace or bracket is JSON already.
const (
	listCell = iota + 1
	boolCell
	numberCell
	jsonCell
	pullCell // a number or a JSON object
)

var cellKinds = map[string]int{
	"services": listCell, "changes": listCell, "parents": listCell, "paths": listCell, "depends_on": listCell, "commits": listCell,
	"planned": boolCell, "bot": boolCell,
	"waited_seconds": numberCell, "number": numberCell,
	"labels": jsonCell, "metrics": jsonCell,
	"pull_request": pullCell,
}

// Run reads the file and hands its events to emit. Errors name the line, and
// the column where one is to blame. What was accepted before an error stays
// accepted; importing the mended file again repeats it without harm.
func (c CSV) Run(ctx context.Context, emit Emit) (Tally, error) {
	var tally Tally
	if c.Name == "" {
		c.Name = "input"
	}
	t, err := newTable(c.Name, c.Reader, c.Comma)
	if err != nil {
		return tally, err
	}
	out := outbox{emit: emit}
	out.after = func() {
		tally.Events = out.sent
		if c.Progress != nil {
			c.Progress(Progress{Events: out.sent, Lines: tally.Lines})
		}
	}
	for {
		if err := ctx.Err(); err != nil {
			return tally, context.Cause(ctx)
		}
		r, err := t.next()
		if errors.Is(err, io.EOF) {
			return tally, out.flush(ctx)
		}
		if err != nil {
			return tally, err
		}
		tally.Lines = r.line
		event, err := c.event(t, r)
		if err != nil {
			return tally, err
		}
		if err := out.add(ctx, event, place{line: r.line, name: c.Name}); err != nil {
			return tally, err
		}
	}
}

// event is the wire form of a row, its fields in the order of the columns.
func (c CSV) event(t *table, r row) (json.RawMessage, error) {
	kind := string(c.Type)
	if kind == "" {
		kind = string(plimsoll.TypeDeployment)
	}
	b := make([]byte, 0, 256)
	b = append(b, '{')
	for i, column := range t.header {
		text := strings.TrimSpace(r.cells[i])
		if text == "" {
			continue
		}
		if column == "type" {
			kind = text
			continue
		}
		value, problem := cellValue(cellKinds[column], text)
		if problem != "" {
			return nil, t.errorf(r, i, "%.60q: %s", text, problem)
		}
		b = append(appendText(b, column), ':')
		b = append(append(b, value...), ',')
	}
	b = append(b, `"type":`...)
	return append(appendText(b, kind), '}'), nil
}

// cellValue is the JSON of a cell, or what is wrong with it.
func cellValue(kind int, text string) (value []byte, problem string) {
	switch kind {
	case listCell:
		value = append(value, '[')
		for i, part := range listParts(text) {
			if i > 0 {
				value = append(value, ',')
			}
			value = appendText(value, part)
		}
		return append(value, ']'), ""
	case boolCell:
		switch strings.ToLower(text) {
		case "true", "yes", "1":
			return []byte("true"), ""
		case "false", "no", "0":
			return []byte("false"), ""
		}
		return nil, "expected true or false"
	case numberCell, pullCell:
		if kind == pullCell && text[0] == '{' {
			break
		}
		n, err := strconv.ParseFloat(text, 64)
		if value, bad := json.Marshal(n); err == nil && bad == nil {
			return value, ""
		}
		return nil, "expected a number"
	case jsonCell:
		if text[0] != '{' && text[0] != '[' {
			return appendText(nil, text), ""
		}
	default:
		return appendText(nil, text), ""
	}
	if !json.Valid([]byte(text)) {
		return nil, "starts like JSON and is none"
	}
	return []byte(text), ""
}

// listParts splits at semicolons where there are any, else at white space.
func listParts(text string) []string {
	if !strings.Contains(text, ";") {
		return strings.Fields(text)
	}
	var parts []string
	for part := range strings.SplitSeq(text, ";") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

func appendText(b []byte, s string) []byte {
	quoted, _ := json.Marshal(s) // a string always has a JSON form
	return append(b, quoted...)
}
