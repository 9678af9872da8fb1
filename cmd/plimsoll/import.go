package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/client"
	"github.com/plimsoll-dev/plimsoll/internal/app"
	"github.com/plimsoll-dev/plimsoll/internal/history"
)

func importCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "import",
		Short:   "Import the past",
		Example: "  plimsoll import git . --service webapp --tags 'v*'",
	}
	c.AddCommand(importGit(), importFile("jsonl"), importFile("csv"))
	return c
}

func importGit() *cobra.Command {
	var to target
	g := history.Git{Now: time.Now}
	var since string
	var again bool
	c := &cobra.Command{
		Use:   "git PATH",
		Short: "Import a clone: its commits, and its tags as deployments",
		Long: "Import a clone: its commits with their parents, and its tags as production deployments. An annotated tag counts\n" +
			"at its own date, a lightweight one at the date of its commit. Running it again imports only what is new.",
		Example: "  plimsoll import git . --service webapp --tags 'v*'\n  plimsoll import git . --service webapp --deployments deployments.csv",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) (err error) {
			g.Path = args[0]
			switch {
			case g.Service == "":
				return plimsoll.FieldErrorf("--service", "missing; name the service that is deployed from this repository")
			case g.Tags == "" && g.DeploymentsFile == "" && !g.FirstParent:
				return usageError("say what a deployment is: --tags 'v*', --deployments FILE or --first-parent")
			}
			if since != "" {
				now := plimsoll.TimeOf(time.Now())
				w, err := plimsoll.ParseWindow(sinceMoment(since), "now", now, time.UTC)
				if err != nil {
					return plimsoll.FieldErrorf("--since", "%q; expected 365d, a date or a time", since)
				}
				g.Since = w.From
			}
			return runImport(c, &to, func(ctx context.Context, server *client.Client, emit history.Emit, p *progress) (string, error) {
				return gitInto(ctx, server, g, again, emit, p)
			})
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&g.Service, "service", "", "name of the service that the repository is deployed as")
	f.StringVar(&g.Tags, "tags", "", "glob of the tags that are deployments, like 'v*'")
	f.StringVar(&g.ExcludeTags, "exclude-tags", "", "glob of tags that match --tags but are no deployments, like '*-rc*'")
	f.StringVar(&g.DeploymentsFile, "deployments", "", "CSV file naming the deployments: sha, time, and if known version, result, environment, started_at")
	f.BoolVar(&g.FirstParent, "first-parent", false, "each commit of the main line is a deployment")
	f.StringVar(&g.Environment, "environment", "production", "environment of the deployments")
	f.StringSliceVar(&g.Paths, "paths", nil, "folders of a monorepo that belong to the service")
	f.StringVar(&g.Repository, "repository", "", "name of the repository, if not that of its origin")
	f.StringVar(&g.Branch, "branch", "", "branch, if not the default one")
	f.StringVar(&since, "since", "", "leave out deployments before: 365d, a date or a time")
	f.BoolVar(&again, "again", false, "read everything again, not only what is new")
	to.flags(c)
	return c
}

func sinceMoment(s string) string {
	if _, ok := plimsoll.ParseSpan(s); ok {
		return "now-" + s
	}
	return s
}

func importFile(kind string) *cobra.Command {
	var to target
	var take app.TakeOptions
	typ := string(plimsoll.TypeDeployment)
	c := &cobra.Command{
		Use:     kind + " FILE",
		Short:   "Import events from a file, - for standard input",
		Example: "  plimsoll import " + kind + " events." + kind,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			file, name, err := openInput(c, args[0])
			if err != nil {
				return err
			}
			defer file.Close()
			in, err := unpacked(file, name)
			switch {
			case err != nil:
				return err
			case kind == "jsonl" && isExport(in):
				return takeExport(c, &to, in, name, take)
			case take.Acts || take.Recorded:
				return plimsoll.FieldErrorf("FILE", "%s is no export of plimsoll export, which alone can be imported with --with-acts and --as-recorded", name)
			}
			return runImport(c, &to, func(ctx context.Context, _ *client.Client, emit history.Emit, p *progress) (string, error) {
				var tally history.Tally
				if kind == "csv" {
					tally, err = history.CSV{Name: name, Reader: in, Type: plimsoll.Type(typ), Progress: p.show}.Run(ctx, emit)
				} else {
					tally, err = history.JSONL{Name: name, Reader: in, Progress: p.show}.Run(ctx, emit)
				}
				return fmt.Sprintf("%d lines of %s.", tally.Lines, name), err
			})
		},
	}
	if kind == "csv" {
		c.Flags().StringVar(&typ, "type", typ, "type of the rows that have no column type")
	} else {
		c.Flags().BoolVar(&take.Acts, "with-acts", false, "of an export: acts of Plimsoll's own too, such as targets and words of persons")
		c.Flags().BoolVar(&take.Recorded, "as-recorded", false, "of an export, into an empty store: events were learnt when they were learnt there")
	}
	to.flags(c)
	return c
}

func openInput(c *cobra.Command, path string) (io.ReadCloser, string, error) {
	if path == "-" {
		return io.NopCloser(c.InOrStdin()), "standard input", nil
	}
	f, err := os.Open(path)
	if err != nil {
		var pathErr *os.PathError
		if errors.As(err, &pathErr) {
			err = pathErr.Err
		}
		return nil, "", plimsoll.FieldErrorf("FILE", "%s: %v", path, err)
	}
	return f, path, nil
}

// runImport hands the events of an importer to the target and closes with what
// came of them.
func runImport(c *cobra.Command, to *target, run func(context.Context, *client.Client, history.Emit, *progress) (string, error)) (err error) {
	ctx := c.Context()
	server, done, err := to.open(ctx, true)
	if err != nil {
		return err
	}
	defer func() {
		if doneErr := done(); err == nil {
			err = doneErr
		}
	}()
	var total client.Receipt
	p := newProgress(c.ErrOrStderr())
	said, err := run(ctx, server, func(ctx context.Context, batch []json.RawMessage) error {
		r, err := server.Send(ctx, batch)
		if err != nil {
			return err
		}
		total.Accepted += r.Accepted
		total.Duplicates += r.Duplicates
		total.Position = max(total.Position, r.Position)
		return nil
	}, p)
	p.done()
	if err != nil {
		if total.Accepted > 0 {
			err = fmt.Errorf("%w (%d events before it were stored; importing again repeats them without harm)", err, total.Accepted)
		}
		return err
	}
	if err := caughtUp(ctx, server, total.Position); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "Imported %s\n%d events are new, %d were known already.\n", said, total.Accepted, total.Duplicates)
	return err
}

// caughtUp waits until the facts include what was imported, so that the next
// question is answered with it.
func caughtUp(ctx context.Context, server *client.Client, position int64) error {
	for {
		var ready struct {
			Position int64 `json:"position"`
		}
		if err := server.Get(ctx, "/api/v1/position", nil, &ready); err != nil {
			return err
		}
		if ready.Position >= position {
			return nil
		}
		pause := time.NewTimer(50 * time.Millisecond)
		select {
		case <-pause.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// gitInto imports a clone, continuing where the last import of the same into
// the same store ended.
func gitInto(ctx context.Context, server *client.Client, g history.Git, again bool, emit history.Emit, p *progress) (string, error) {
	place, err := tipsFile(ctx, server, g)
	if err != nil {
		return "", err
	}
	if !again {
		g.Exclude = readTips(place)
	}
	g.Progress = p.show
	sum, err := g.Run(ctx, emit)
	if err != nil {
		return "", err
	}
	if err := writeTips(place, sum.Tips); err != nil {
		// Everything came in; the next import only reads more than it must.
		sum.Notes = append(sum.Notes, "how far it came could not be remembered, so the next import reads everything: "+err.Error())
	}
	return describeGit(sum, len(g.Exclude) > 0), nil
}

func describeGit(sum history.Summary, continued bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (branch %s): %d deployments, %d commits (%d merges), %d pull requests, %d reverts",
		sum.Repository, sum.Branch, sum.Deployments, sum.Commits, sum.Merges, sum.PullRequests, sum.Reverts)
	if continued {
		b.WriteString(", since the last import")
	}
	b.WriteString(".")
	for _, w := range sum.Warnings {
		b.WriteString("\n  ! " + w)
	}
	for _, n := range sum.Notes {
		b.WriteString("\n  - " + n)
	}
	return b.String()
}

// tipsFile names the file that remembers how far a clone was imported into a
// store: of this store, this clone, and these choices.
func tipsFile(ctx context.Context, server *client.Client, g history.Git) (string, error) {
	var ready struct {
		Instance string `json:"instance"`
	}
	if err := server.Get(ctx, "/api/v1/position", nil, &ready); err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	path, err := filepath.Abs(g.Path)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s\x00%s\x00%s\x00%s\x00%v\x00%d", ready.Instance, path, g.Repository, g.Branch, len(g.Paths) > 0, g.Since)
	return filepath.Join(cache, "plimsoll", "imports", hex.EncodeToString(h.Sum(nil)[:12])+".json"), nil
}

func readTips(place string) []string {
	var tips []string
	if b, err := os.ReadFile(place); err == nil && json.Unmarshal(b, &tips) != nil {
		return nil // a damaged memory only costs time
	}
	return tips
}

func writeTips(place string, tips []string) error {
	b, err := json.Marshal(tips)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(place), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(place+".new", b, 0o600); err != nil {
		return err
	}
	return os.Rename(place+".new", place)
}
