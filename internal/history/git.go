package history

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// Git imports a clone on this machine: its commits as changes, and as
// deployments either the tags that match, the rows of a file, or the commits of
// the default branch.
type Git struct {
	Path        string // of the clone, bare repository or worktree
	Service     string
	Environment string // production when empty
	Repository  string // its name; empty: host/owner/name of its origin, else the folder's name
	Branch      string // empty: the default branch

	// Exactly one of these says what a deployment is.
	Tags            string // glob as of git tag --list, where * also matches a slash
	DeploymentsFile string // CSV with sha and time, and optionally version, result, environment, started_at
	FirstParent     bool   // each commit of the branch itself, at its commit time

	ExcludeTags string   // glob of tags that match Tags but are no deployments
	Paths       []string // of a monorepo: the folders that are the service's
	Exclude     []string // commits imported before with all before them: the Tips of the last Summary

	// Since leaves out deployments before it, except the last, and the commits
	// that one contains. Unknown: everything.
	Since plimsoll.Time

	HashAuthor func(email string) string // nil: no author_hash. No name or address is ever emitted
	Now        func() time.Time          // required
	Progress   func(Progress)
}

// run is one import under way.
type run struct {
	Git
	now      plimsoll.Time
	clone    *clone
	tip      string
	line     firstParents
	releases []release // in the order of time
	base     string    // commit of the release before Since
	matched  int       // tags
	unwanted int       // of them, by ExcludeTags
	out      outbox
	sum      Summary
	progress Progress
}

// Run reads the clone and hands its events to emit: the service, then commits
// from the newest to the oldest, then deployments from the oldest to the
// newest, so that nobody ever sees a deployment with half its contents. It
// writes nothing to the clone and opens no connection. After an error the
// Summary tells how far it came and has no Tips.
func (g Git) Run(ctx context.Context, emit Emit) (Summary, error) {
	r := &run{Git: g}
	r.out = outbox{emit: emit, after: r.report}
	err := r.all(ctx)
	r.sum.Events = r.out.sent
	if err != nil {
		r.sum.Tips = nil
	}
	return r.sum, err
}

func (r *run) all(ctx context.Context) error {
	if err := r.check(); err != nil {
		return err
	}
	var err error
	if r.clone, err = openClone(ctx, r.Path, r.Repository); err != nil {
		return err
	}
	r.sum.Repository = r.clone.name
	if r.sum.Branch, r.tip, err = r.clone.defaultBranch(ctx, r.Branch); err != nil {
		return err
	}
	if err := r.knownTips(ctx); err != nil {
		return err
	}
	if r.line, err = r.clone.firstParents(ctx, r.tip); err != nil {
		return err
	}
	switch {
	case r.Tags != "":
		err = r.fromTags(ctx)
	case r.DeploymentsFile != "":
		err = r.fromFile(ctx)
	default:
		err = r.fromFirstParents(ctx)
	}
	if err != nil {
		return err
	}
	r.orderReleases()
	if err := r.sendService(ctx); err != nil {
		return err
	}
	if err := r.sendCommits(ctx); err != nil {
		return err
	}
	if err := r.sendDeployments(ctx); err != nil {
		return err
	}
	r.sum.explain(r.matched, r.unwanted)
	return nil
}

func (r *run) check() error {
	kinds := 0
	for _, given := range []bool{r.Tags != "", r.DeploymentsFile != "", r.FirstParent} {
		if given {
			kinds++
		}
	}
	if r.Environment == "" {
		r.Environment = "production"
	}
	switch {
	case r.Now == nil:
		return plimsoll.Errorf(plimsoll.CodeInternal, "import git: no clock given")
	case strings.TrimSpace(r.Service) == "":
		return plimsoll.FieldErrorf("service", "name the service that is deployed from this repository")
	case kinds == 0:
		return invalidf("say what a deployment is: tags that match a pattern like 'v*', a file of deployments, or the first-parent commits")
	case kinds > 1:
		return invalidf("tags, a file of deployments and first-parent commits exclude each other; choose one")
	case r.ExcludeTags != "" && r.Tags == "":
		return plimsoll.FieldErrorf("exclude", "leaves out tags, and no tags are asked for")
	}
	r.now = plimsoll.TimeOf(r.Now())
	var err error
	r.Paths, err = cleanPaths(r.Paths)
	return err
}

// knownTips keeps of Exclude what the clone still has.
func (r *run) knownTips(ctx context.Context) error {
	var names []string
	for _, sha := range r.Exclude {
		if isSHA(sha) && !slices.Contains(names, sha) {
			names = append(names, sha)
		} else {
			r.sum.ForgottenTips++
		}
	}
	objects, err := r.clone.peel(ctx, names)
	if err != nil {
		return err
	}
	r.Exclude = nil
	for _, o := range objects {
		if o.kind == "commit" {
			r.Exclude = append(r.Exclude, o.sha)
		} else {
			r.sum.ForgottenTips++
		}
	}
	return nil
}

func (r *run) sendService(ctx context.Context) error {
	if err := r.checkFolders(ctx); err != nil {
		return err
	}
	raw, err := marshalService(plimsoll.ServiceReport{Name: r.Service, Repository: r.clone.name, Paths: r.Paths})
	if err != nil {
		return err
	}
	return r.out.add(ctx, raw, place{name: "service " + r.Service})
}

// checkFolders refuses a path that is a file and warns of one that the newest
// commit does not have: it may have been moved, or be a slip of the pen.
func (r *run) checkFolders(ctx context.Context) error {
	names := make([]string, 0, len(r.Paths))
	for _, p := range r.Paths {
		if p == "." {
			p = ""
		}
		names = append(names, r.tip+":"+p)
	}
	objects, err := r.clone.look(ctx, names)
	if err != nil {
		return err
	}
	for i, o := range objects {
		switch o.kind {
		case "blob":
			return plimsoll.FieldErrorf("paths", "%q is a file; name the folder it is in", r.Paths[i])
		case "":
			r.sum.Warnings = append(r.sum.Warnings, "there is no folder "+r.Paths[i]+" in the newest commit of "+r.sum.Branch)
		}
	}
	return nil
}

func (r *run) report() {
	if r.Progress == nil {
		return
	}
	p := r.progress
	p.Events, p.Commits, p.Deployments = r.out.sent, r.sum.Commits, r.sum.Deployments
	r.Progress(p)
}
