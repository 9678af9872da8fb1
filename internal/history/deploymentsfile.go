package history

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
)

var deploymentColumns = []string{"sha", "time", "version", "result", "environment", "started_at"}

// releasesMost bounds the rows of a file of deployments, which is held whole.
const releasesMost = 500_000

// fromFile makes a deployment of each row of DeploymentsFile.
func (r *run) fromFile(ctx context.Context) error {
	file, err := os.Open(r.DeploymentsFile)
	if err != nil {
		return invalidf("cannot read the file of deployments: %v", err)
	}
	defer file.Close()
	t, err := newTable(r.DeploymentsFile, file, 0)
	if err != nil {
		return err
	}
	for _, column := range t.header {
		if !slices.Contains(deploymentColumns, column) {
			return invalidf("%s: column %q is not known; expected sha, time and optionally version, result, environment, started_at", t.name, column)
		}
	}
	for _, column := range deploymentColumns[:2] {
		if !slices.Contains(t.header, column) {
			return invalidf("%s has no column %q; the header row names sha, time and optionally version, result, environment, started_at", t.name, column)
		}
	}
	var lines []int
	for {
		row, err := t.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		x, err := r.fromRow(t, row)
		if err != nil {
			return err
		}
		if len(lines) == releasesMost {
			return invalidf("%s has more than %d rows; import it in parts", t.name, releasesMost)
		}
		lines = append(lines, row.line)
		r.releases = append(r.releases, x)
	}
	if len(lines) == 0 {
		return invalidf("%s names no deployment", t.name)
	}
	return r.resolve(ctx, t, lines)
}

// fromRow reads a row; its sha may still be abbreviated.
func (r *run) fromRow(t *table, row row) (release, error) {
	var x release
	for i, column := range t.header {
		text := strings.TrimSpace(row.cells[i])
		var err error
		switch column {
		case "sha":
			x.sha = strings.ToLower(text)
			if len(text) < 7 || len(text) > 64 || !isHex(x.sha) {
				return x, t.errorf(row, i, "%.80q: expected a commit's sha, or at least its first 7 characters", text)
			}
		case "time":
			if x.at, err = plimsoll.ParseTime(text); text == "" {
				return x, t.errorf(row, i, "say when the deployment ended, like 2026-03-24T10:15:00Z")
			}
		case "started_at":
			x.started, err = plimsoll.ParseTime(text)
		case "version":
			x.version = text
		case "environment":
			x.environment = text
		case "result":
			x.result = plimsoll.Result(text)
			if text != "" && (x.result == plimsoll.ResultRunning || !slices.Contains(plimsoll.Results, x.result)) {
				return x, t.errorf(row, i, "%.80q: expected success, failure, rolled_back, aborted, superseded or canceled", text)
			}
		}
		switch at := max(x.at, x.started); {
		case err != nil:
			return x, t.errorf(row, i, "%v", err)
		case at > r.now.Add(ahead):
			return x, t.errorf(row, i, "%s is in the future", at)
		}
	}
	if x.started.Known() && x.started > x.at {
		return x, t.errorf(row, slices.Index(t.header, "started_at"), "%s is after time (%s)", x.started, x.at)
	}
	// The same build can be deployed again: the time is part of the name.
	name := x.version
	if name == "" {
		name = x.sha[:7]
	}
	x.name = name + "@" + x.at.String()
	return x, nil
}

// resolve finds the commit of each release.
func (r *run) resolve(ctx context.Context, t *table, lines []int) error {
	names := make([]string, len(r.releases))
	for i, x := range r.releases {
		names[i] = x.sha
	}
	objects, err := r.clone.peel(ctx, names)
	if err != nil {
		return err
	}
	unknown := 0
	for _, o := range objects {
		if o.kind != "commit" {
			unknown++
		}
	}
	for i, o := range objects {
		if o.kind != "commit" {
			at := row{line: lines[i]}
			return t.errorf(at, slices.Index(t.header, "sha"), "%s is no commit of %s (of the file's shas %d are not); fetch all branches and tags, or remove the row", names[i], r.clone.path, unknown)
		}
		r.releases[i].sha = o.sha
	}
	return nil
}
