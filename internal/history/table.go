package history

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds of a CSV file: one cell, one row, and the columns.
const (
	cellBytes   = 64 << 10
	rowBytes    = 1 << 20
	columnsMost = 500
)

// table reads a CSV file with a header row, one row at a time.
type table struct {
	name   string // of the file, for errors
	r      *csv.Reader
	budget *budget
	header []string
	last   int // line of the last row read
}

// row is a row of a table. Its cells are overwritten by the next.
type row struct {
	cells []string
	line  int
}

// newTable reads the header. A comma of 0 means whichever of comma, semicolon
// and tab the header uses.
func newTable(name string, in io.Reader, comma rune) (*table, error) {
	t := &table{name: name, budget: &budget{r: in, left: rowBytes}}
	buffered := bufio.NewReaderSize(t.budget, 64<<10)
	start, err := buffered.Peek(buffered.Size())
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, t.failed(err)
	}
	if bytes.HasPrefix(start, []byte("\xFF\xFE")) || bytes.HasPrefix(start, []byte("\xFE\xFF")) {
		return nil, invalidf("%s is UTF-16; save it as UTF-8", name)
	}
	if bytes.HasPrefix(start, []byte("\uFEFF")) {
		start = start[3:]
		if _, err := buffered.Discard(3); err != nil {
			return nil, err
		}
	}
	if comma == 0 {
		comma = separator(start)
	}
	t.r = csv.NewReader(buffered)
	t.r.Comma = comma
	t.r.FieldsPerRecord = -1
	t.r.ReuseRecord = true
	header, err := t.read()
	if errors.Is(err, io.EOF) {
		return nil, invalidf("%s is empty; expected a header row with the names of the fields", name)
	}
	if err != nil {
		return nil, err
	}
	if n := len(header.cells); n > columnsMost {
		return nil, invalidf("%s has %d columns, more than %d", name, n, columnsMost)
	}
	for i, cell := range header.cells {
		column := clean(cell, subjectRunes)
		if column == "" {
			return nil, invalidf("%s: column %d of the header row has no name", name, i+1)
		}
		if slices.Contains(t.header, column) {
			return nil, invalidf("%s: column %q stands twice in the header row", name, column)
		}
		t.header = append(t.header, column)
	}
	return t, nil
}

// separator guesses from the header row.
func separator(start []byte) rune {
	if i := bytes.IndexByte(start, '\n'); i >= 0 {
		start = start[:i]
	}
	best, most := ',', bytes.Count(start, []byte(","))
	for _, c := range []rune{';', '\t'} {
		if n := bytes.Count(start, []byte(string(c))); n > most {
			best, most = c, n
		}
	}
	return best
}

// next returns the next row that is not blank, or io.EOF.
func (t *table) next() (row, error) {
	for {
		r, err := t.read()
		if err != nil {
			return r, err
		}
		if !slices.ContainsFunc(r.cells, func(c string) bool { return strings.TrimSpace(c) != "" }) {
			continue
		}
		if len(r.cells) != len(t.header) {
			return r, invalidf("%s: line %d has %s, the header row %d", t.name, r.line, plural(len(r.cells), "cell", "cells"), len(t.header))
		}
		for i, cell := range r.cells {
			switch {
			case len(cell) > cellBytes:
				return r, t.errorf(r, i, "longer than %d bytes", cellBytes)
			case !utf8.ValidString(cell):
				return r, t.errorf(r, i, "not UTF-8; save the file as UTF-8")
			}
		}
		return r, nil
	}
}

func (t *table) read() (row, error) {
	t.budget.left = rowBytes
	cells, err := t.r.Read()
	if err != nil {
		return row{}, t.failed(err)
	}
	t.last, _ = t.r.FieldPos(0)
	return row{cells: cells, line: t.last}, nil
}

func (t *table) failed(err error) error {
	var p *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		return io.EOF
	case errors.As(err, &p) && errors.Is(p.Err, errRow), errors.Is(err, errRow):
		return invalidf("%s: the row after line %d is longer than %d bytes; is a quote left open?", t.name, t.last, rowBytes)
	case errors.As(err, &p):
		return invalidf("%s: line %d, character %d: %v (a cell with a quote in it is written \"like \"\"this\"\"\")", t.name, p.Line, p.Column, p.Err)
	}
	return err
}

// errorf is about one cell, named by line and column.
func (t *table) errorf(r row, column int, format string, args ...any) error {
	return invalidf("%s: line %d, column %s: "+format, append([]any{t.name, r.line, t.header[column]}, args...)...)
}

var errRow = errors.New("row too long")

// budget is a reader that gives up when one row wants too much of it.
type budget struct {
	r    io.Reader
	left int
}

func (b *budget) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errRow
	}
	n, err := b.r.Read(p)
	b.left -= n
	return n, err
}
