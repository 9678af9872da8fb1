package history

import (
	"context"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
)

const tagFormat = "--format=%(refname:strip=2)%00%(objecttype)%00%(objectname)%00%(*objecttype)%00%(*objectname)%00%(taggerdate:unix)%00%(committerdate:unix)%00%(*committerdate:unix)"

// tag is a tag that matches, with the dates as git prints them.
type tag struct {
	name      string
	annotated bool
	sha       string // of the commit
	tagged    string
	committed string
}

// fromTags makes a deployment of each tag that points at a commit.
func (r *run) fromTags(ctx context.Context) error {
	tags, err := r.matchingTags(ctx)
	if err != nil {
		return err
	}
	for _, t := range tags {
		if t.sha == "" {
			r.sum.NotCommits++
			continue
		}
		kind, committed := "lightweight", r.date(t.committed)
		at := committed
		if t.annotated {
			kind, at = "annotated", r.date(t.tagged)
		}
		if at.future() {
			r.sum.FutureTags++
			continue
		}
		if !at.known() {
			r.sum.Undated++
			if at = committed; !at.known() || at.future() {
				continue
			}
		}
		if committed.known() && at.Time < committed.Time {
			r.sum.BeforeCommit++
		}
		if !t.annotated {
			r.sum.Lightweight++
		}
		r.releases = append(r.releases, release{name: t.name, version: t.name, sha: t.sha, at: at.Time, tagType: kind})
	}
	if len(r.releases) == 0 {
		return invalidf("none of the %s matching %q can be a deployment: %d point at no commit, %d are dated in the future, %d have no date",
			plural(len(tags), "tag", "tags"), r.Tags, r.sum.NotCommits, r.sum.FutureTags, r.sum.Undated)
	}
	return nil
}

func (r *run) matchingTags(ctx context.Context) ([]tag, error) {
	names, err := r.listTags(ctx, "--format=%(refname:strip=2)", r.ExcludeTags)
	if err != nil {
		return nil, err
	}
	unwanted := make(map[string]bool, len(names))
	for _, n := range names {
		unwanted[n] = true
	}
	lines, err := r.listTags(ctx, tagFormat, r.Tags)
	if err != nil {
		return nil, err
	}
	if len(lines) == 0 {
		return nil, r.noTag(ctx)
	}
	var tags []tag
	var nested []int
	for _, line := range lines {
		f := strings.Split(line, "\x00")
		if len(f) != 8 || unwanted[f[0]] {
			continue
		}
		t := tag{name: f[0], annotated: f[1] == "tag", tagged: f[5]}
		switch {
		case f[1] == "commit":
			t.sha, t.committed = f[2], f[6]
		case f[3] == "commit":
			t.sha, t.committed = f[4], f[7]
		case f[3] == "tag":
			nested = append(nested, len(tags))
		}
		tags = append(tags, t)
	}
	r.matched, r.unwanted = len(lines), len(lines)-len(tags)
	if len(tags) == 0 {
		return nil, plimsoll.FieldErrorf("exclude", "%q leaves out all %d tags that match %q", r.ExcludeTags, len(lines), r.Tags)
	}
	return tags, r.resolveNested(ctx, tags, nested)
}

// resolveNested finds the commits of tags of tags.
func (r *run) resolveNested(ctx context.Context, tags []tag, nested []int) error {
	if len(nested) == 0 {
		return nil
	}
	names, commits := make([]string, len(nested)), []string(nil)
	for i, at := range nested {
		names[i] = "refs/tags/" + tags[at].name
	}
	objects, err := r.clone.peel(ctx, names)
	if err != nil {
		return err
	}
	for i, at := range nested {
		if objects[i].kind == "commit" {
			tags[at].sha = objects[i].sha
			commits = append(commits, objects[i].sha)
		}
	}
	times, err := r.clone.commitTimes(ctx, commits)
	for _, at := range nested {
		tags[at].committed = times[tags[at].sha]
	}
	return err
}

func (r *run) listTags(ctx context.Context, format, pattern string) ([]string, error) {
	if pattern == "" {
		return nil, nil
	}
	out, err := r.clone.git(ctx, "", "tag", "--list", "--no-column", "--color=never", "--sort=refname", format, "--", pattern)
	if err != nil || out == "" {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(out, "\n"), "\n"), nil
}

func (r *run) noTag(ctx context.Context) error {
	out, err := r.clone.git(ctx, "", "tag", "--list", "--no-column", "--color=never", "--sort=-creatordate", "--format=%(refname:strip=2)")
	if err != nil {
		return err
	}
	names := strings.Fields(out)
	if len(names) == 0 {
		return plimsoll.FieldErrorf("tags", "%s has no tags; fetch them (`git fetch --tags`), or name deployments by a file or by the first-parent commits", r.clone.path)
	}
	return plimsoll.FieldErrorf("tags", "no tag of %s matches %q; it has %s", r.clone.path, r.Tags, some(names, ""))
}
