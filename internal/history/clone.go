package history

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// clone is a repository on this machine, only read.
type clone struct {
	path string // as the user named it, made absolute
	name string // host/owner/name of its origin, else the folder's name
}

var looksRemote = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://|^[\w.-]+@[\w.-]+:|^[\w-]+(\.[\w-]+)+:`)

// openClone refuses what cannot be imported: another machine's repository, a
// folder that is none, and a clone whose history is cut off.
func openClone(ctx context.Context, path, name string) (*clone, error) {
	if path == "" {
		path = "."
	}
	if strings.ContainsRune(path, 0) {
		return nil, invalidf("%q is no path", path)
	}
	info, err := os.Stat(path)
	switch {
	case err != nil && looksRemote.MatchString(path):
		u := withoutCredentials(path)
		return nil, invalidf("%s is on another machine; run `git clone --bare %s` first and import the folder it makes", u, u)
	case err != nil:
		return nil, invalidf("%s: no such folder; name a clone or a bare repository", path)
	case !info.IsDir():
		return nil, invalidf("%s is a file; name the folder of a clone (a bundle becomes one by `git clone --bare %s`)", path, path)
	}
	c := &clone{path: path, name: name}
	if c.path, err = filepath.Abs(path); err != nil {
		return nil, err
	}
	out, err := c.git(ctx, "", "rev-parse", "--is-shallow-repository", "--git-common-dir")
	if err != nil {
		return nil, err
	}
	shallow, dir, _ := strings.Cut(strings.TrimSuffix(out, "\n"), "\n")
	if shallow == "true" {
		return nil, invalidf("%s is a shallow clone, its history is cut off; run `git fetch --unshallow` first (in CI: fetch-depth: 0)", c.path)
	}
	if c.name == "" {
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(c.path, dir)
		}
		c.name = c.originName(ctx, dir)
	}
	return c, nil
}

// originName is host/owner/name of the remote called origin, without user and
// password; else the name of the folder.
func (c *clone) originName(ctx context.Context, dir string) string {
	origin, _ := c.git(ctx, "", "config", "--get", "remote.origin.url") // none is no error here
	if name := repositoryName(strings.TrimSpace(origin)); name != "" {
		return name
	}
	base := filepath.Base(dir)
	if base == ".git" {
		base = filepath.Base(filepath.Dir(dir))
	}
	return clean(strings.TrimSuffix(base, ".git"), subjectRunes)
}

// repositoryName reads host/owner/name from the URL of a remote, and the last
// part alone from a local path. It returns "" for nothing.
func repositoryName(origin string) string {
	var host, path string
	if u, err := url.Parse(origin); err == nil && u.Scheme != "" && u.Host != "" {
		host, path = u.Hostname(), u.Path
	} else if strings.HasPrefix(origin, "file:") {
		path = strings.TrimPrefix(origin, "file:")
	} else if before, after, ok := strings.Cut(origin, ":"); ok && !strings.Contains(before, "/") && len(before) > 1 {
		host, path = before[strings.LastIndexByte(before, '@')+1:], after
	} else {
		path = filepath.ToSlash(origin)
	}
	path = strings.TrimSuffix(strings.Trim(path, "/"), ".git")
	if host == "" {
		path = path[strings.LastIndexByte(path, '/')+1:]
		if path == "." || path == ".." {
			return ""
		}
		return clean(path, subjectRunes)
	}
	if path == "" {
		return ""
	}
	return clean(strings.ToLower(host)+"/"+path, subjectRunes)
}

func withoutCredentials(remote string) string {
	if u, err := url.Parse(remote); err == nil && u.Host != "" {
		u.User = nil
		return u.String()
	}
	return remote
}

// defaultBranch finds the line of history that counts: what the origin calls
// its HEAD, else HEAD, else main or master, else the only branch.
func (c *clone) defaultBranch(ctx context.Context, named string) (branch, tip string, err error) {
	tries := []string{"refs/remotes/origin/HEAD", "HEAD", "refs/heads/main", "refs/heads/master", "refs/remotes/origin/main", "refs/remotes/origin/master"}
	if named != "" {
		tries = []string{"refs/heads/" + named, "refs/remotes/origin/" + named}
	}
	out, err := c.git(ctx, "", "for-each-ref", "--format=%(refname)", "refs/heads/")
	if err != nil {
		return "", "", err
	}
	heads := strings.Fields(out)
	if len(heads) == 1 && named == "" {
		tries = append(tries, heads[0])
	}
	objects, err := c.peel(ctx, tries)
	if err != nil {
		return "", "", err
	}
	for i, o := range objects {
		if o.kind == "commit" {
			return c.branchName(ctx, tries[i]), o.sha, nil
		}
	}
	switch {
	case named != "":
		return "", "", invalidf("%s has no branch %q", c.path, named)
	case len(heads) == 0:
		return "", "", invalidf("%s has no commits yet; nothing to import", c.path)
	}
	return "", "", invalidf("cannot tell the default branch of %s; name it (it has %s)", c.path, some(heads, "refs/heads/"))
}

func (c *clone) branchName(ctx context.Context, ref string) string {
	if ref == "HEAD" || strings.HasSuffix(ref, "/HEAD") {
		if out, err := c.git(ctx, "", "symbolic-ref", "--quiet", ref); err == nil {
			ref = strings.TrimSpace(out)
		}
	}
	return strings.TrimPrefix(strings.TrimPrefix(ref, "refs/heads/"), "refs/remotes/origin/")
}

// object is what a name in the clone stands for.
type object struct {
	sha  string
	kind string // commit, tree, blob; "" when there is none, or more than one
}

// peel looks names up, following tags to what they point at. The answer has
// the length and order of names.
func (c *clone) peel(ctx context.Context, names []string) ([]object, error) {
	peeled := make([]string, len(names))
	for i, n := range names {
		peeled[i] = n + "^{}"
	}
	return c.look(ctx, peeled)
}

// look is peel for names in the full notation of git, like sha:path.
func (c *clone) look(ctx context.Context, names []string) ([]object, error) {
	if len(names) == 0 {
		return nil, nil
	}
	var ask strings.Builder
	for _, n := range names {
		if strings.ContainsAny(n, "\n\r\x00") {
			n = "^" // names nothing
		}
		ask.WriteString(n + "\n")
	}
	out, err := c.git(ctx, ask.String(), "cat-file", "--batch-check=%(objectname) %(objecttype)")
	if err != nil {
		return nil, err
	}
	objects := make([]object, len(names))
	for i, line := range strings.Split(strings.TrimSuffix(out, "\n"), "\n") {
		if sha, kind, ok := strings.Cut(line, " "); ok && i < len(names) && isSHA(sha) && kind != "missing" {
			objects[i] = object{sha, kind}
		}
	}
	return objects, nil
}

// commitTimes returns when the commits were made, in seconds as git keeps them.
func (c *clone) commitTimes(ctx context.Context, shas []string) (map[string]string, error) {
	times := make(map[string]string, len(shas))
	if len(shas) == 0 {
		return times, nil
	}
	out, err := c.git(ctx, strings.Join(shas, "\n")+"\n", "rev-list", "--no-walk=unsorted", "--timestamp", "--stdin")
	for line := range strings.Lines(out) {
		if at, sha, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			times[sha] = at
		}
	}
	return times, err
}

// some lists a few names for an error.
func some(names []string, prefix string) string {
	const few = 5
	var b strings.Builder
	for i, n := range names {
		if i == few {
			b.WriteString(" and " + strconv.Itoa(len(names)-few) + " more")
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strings.TrimPrefix(n, prefix))
	}
	return b.String()
}
