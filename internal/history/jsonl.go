package history

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/plimsoll-dev/plimsoll"
)

const lineBytes = 1 << 20

// JSONL imports a file of JSON lines: one event a line, as POST /api/v1/events
// takes them. Blank lines count and are skipped.
type JSONL struct {
	Name     string // of the file, for errors
	Reader   io.Reader
	Progress func(Progress)

	// Map turns each line into the event to hand on, nil to leave it out. Nil
	// hands on every line as it stands.
	Map func(line []byte) ([]byte, error)
}

// Run reads the file and hands its events to emit as they stand. It looks only
// at whether a line is a JSON object; everything else is the server's to judge,
// and its errors come back with the line. What was accepted before an error
// stays accepted; importing the mended file again repeats it without harm.
func (j JSONL) Run(ctx context.Context, emit Emit) (Tally, error) {
	var tally Tally
	if j.Name == "" {
		j.Name = "input"
	}
	out := outbox{emit: emit}
	out.after = func() {
		tally.Events = out.sent
		if j.Progress != nil {
			j.Progress(Progress{Events: out.sent, Lines: tally.Lines})
		}
	}
	lines := bufio.NewScanner(j.Reader)
	lines.Buffer(make([]byte, 0, 64<<10), lineBytes+2)
	for lines.Scan() {
		if ctx.Err() != nil {
			return tally, context.Cause(ctx)
		}
		tally.Lines++
		line := lines.Bytes()
		if tally.Lines == 1 {
			line = bytes.TrimPrefix(line, []byte("\uFEFF"))
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if err := wholeObject(line); err != nil {
			return tally, invalidf("%s: line %d: %v", j.Name, tally.Lines, err)
		}
		if j.Map != nil {
			var err error
			if line, err = j.Map(line); err != nil {
				return tally, invalidf("%s: line %d: %v", j.Name, tally.Lines, err)
			}
			if line == nil {
				continue
			}
		}
		if err := out.add(ctx, bytes.Clone(line), place{line: tally.Lines, name: j.Name}); err != nil {
			return tally, err
		}
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return tally, plimsoll.Errorf(plimsoll.CodeTooLarge, "%s: line %d is longer than %d bytes", j.Name, tally.Lines+1, lineBytes)
	} else if err != nil {
		return tally, fmt.Errorf("read %s after line %d: %w", j.Name, tally.Lines, err)
	}
	return tally, out.flush(ctx)
}

func wholeObject(line []byte) error {
	if line[0] != '{' {
		return errors.New("expected one JSON object a line, like {\"type\":\"deployment\",…}")
	}
	if json.Valid(line) {
		return nil
	}
	var any json.RawMessage
	var syntax *json.SyntaxError
	if err := json.Unmarshal(line, &any); errors.As(err, &syntax) {
		return fmt.Errorf("no complete JSON object: %w, at character %d", err, syntax.Offset)
	}
	return errors.New("no JSON object")
}
