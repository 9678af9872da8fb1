package house

import (
	"errors"
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestEverythingTheDocumentsNameExists(t *testing.T) {
	report(t, checkDocs(tree(t)))
}

// elsewhere are names that look like a path in this repository and are not one:
// files of our users, and what is there only after a build.
var elsewhere = []*regexp.Regexp{
	regexp.MustCompile(`^plimsoll\.(ya?ml|json)$`),
	regexp.MustCompile(`^\.plimsoll(/|$)`),
	regexp.MustCompile(`^bin(/|$)`),
	regexp.MustCompile(`^coverage\.(out|html)$`),
	regexp.MustCompile(`^\.github(/|$)|^\.gitlab-ci\.yml$`),
	regexp.MustCompile(`^api/v[0-9]`),
}

// folders are ours even when nothing is in them any more.
var folders = names("internal cmd client docs")

var (
	pathLike   = regexp.MustCompile(`^[\pL\pN_.*@+-]+(/[\pL\pN_.*@+-]+)*/?$`)
	ourSuffix  = regexp.MustCompile(`\.(go|md|sh|mod|sum|ya?ml|toml|json|txt|sql|css|js|html|tmpl|svg|png|conf)$`)
	bareSuffix = regexp.MustCompile(`\.(go|md|sh|mod|sum)$|^(Makefile|LICENSE|NOTICE)$`)
	verbLike   = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
	assignment = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=`)
	makeTarget = regexp.MustCompile(`(?m)^([a-zA-Z0-9][a-zA-Z0-9_. -]*?)\s*:([^=:]|$)`)
	afterPath  = regexp.MustCompile(`(:[0-9]+(-[0-9]+)?|/\.\.\.|/…)$`)
	goName     = regexp.MustCompile(`\.[A-Z][A-Za-z0-9_.]*$`)
)

// known is what documents may name: the files, the targets and the verbs.
type known struct {
	fsys    fs.FS
	names   map[string]bool // base names of all files
	targets []string
	verbs   []string
	docs    map[string]document
}

func checkDocs(fsys fs.FS) []finding {
	const because = "a map that is wrong is worse than none"
	k := known{fsys: fsys, names: map[string]bool{}, docs: map[string]document{}, verbs: names("help")}
	var found []finding
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case d.IsDir() && (p == ".git" || p == "bin"):
			return fs.SkipDir
		case d.IsDir():
			return nil
		}
		k.names[path.Base(p)] = true
		if verb, ok := strings.CutSuffix(p, ".go"); ok && path.Dir(p) == "cmd/plimsoll" && !strings.HasSuffix(verb, "_test") {
			if verb = path.Base(verb); verb != "main" && verb != "doc" {
				k.verbs = append(k.verbs, verb)
			}
		}
		if p == "README.md" || p == "CHANGELOG.md" || strings.HasPrefix(p, "docs/") && strings.HasSuffix(p, ".md") {
			text, err := fs.ReadFile(fsys, p)
			k.docs[p] = readMarkdown(p, string(text))
			return err
		}
		return nil
	})
	if err != nil {
		return []finding{{"the tree", err.Error(), "a rule can be checked only on files that can be read"}}
	}
	if _, ok := k.docs["README.md"]; !ok {
		found = append(found, finding{"README.md", "is missing", "it is the one door for newcomers"})
	}
	makefile, _ := fs.ReadFile(fsys, "Makefile")
	for _, m := range makeTarget.FindAllStringSubmatch(string(makefile), -1) {
		k.targets = append(k.targets, strings.Fields(m[1])...)
	}
	for _, d := range k.docs {
		say := func(p passage, wrong string) {
			if wrong != "" {
				found = append(found, finding{d.at(p), wrong, because})
			}
		}
		for _, p := range d.spans {
			say(p, k.command(p.text))
			say(p, k.path(p.text))
		}
		for _, p := range d.fenced {
			say(p, k.command(p.text))
		}
		for _, p := range d.links {
			say(p, k.link(d, p.text))
		}
	}
	slices.SortFunc(found, func(a, b finding) int { return strings.Compare(a.at, b.at) })
	return found
}

// command looks for calls of make and plimsoll in a line of shell, or in a step
// of a pipeline definition, and says what they name in vain.
func (k known) command(line string) string {
	line, _, _ = strings.Cut(line, " #")
	for piece := range strings.FieldsFuncSeq(line, func(r rune) bool { return strings.ContainsRune("&;|", r) }) {
		words := strings.Fields(piece)
		for len(words) > 0 && (slices.Contains(names("$ - run: exec sudo time nohup"), words[0]) || assignment.MatchString(words[0])) {
			words = words[1:]
		}
		if len(words) < 2 {
			continue
		}
		switch words[0] {
		case "make":
			for _, w := range words[1:] {
				if verbLike.MatchString(w) && !slices.Contains(k.targets, w) {
					return "names make " + w + ", and the Makefile has no such target"
				}
			}
		case "plimsoll", "bin/plimsoll", "./bin/plimsoll":
			if w := words[1]; verbLike.MatchString(w) && !slices.Contains(k.verbs, w) {
				return "names plimsoll " + w + ", and there is no cmd/plimsoll/" + w + ".go"
			}
		}
	}
	return ""
}

// path says that inline code is a path in vain. What has a slash and begins
// with a folder of ours, or ends like a file of ours, is taken for a path;
// text/html, net/http and owner/name are not.
func (k known) path(span string) string {
	p := strings.TrimSuffix(afterPath.ReplaceAllString(strings.TrimPrefix(span, "./"), ""), "/")
	if !pathLike.MatchString(p) || slices.ContainsFunc(elsewhere, func(re *regexp.Regexp) bool { return re.MatchString(p) }) {
		return ""
	}
	first, _, slash := strings.Cut(p, "/")
	switch {
	case !slash && !bareSuffix.MatchString(p):
		return ""
	case !slash && k.names[p]:
		return ""
	case slash && !slices.Contains(folders, first) && !k.exists(first) && !ourSuffix.MatchString(p) && !strings.HasPrefix(span, "./"):
		return ""
	case k.exists(p) || k.exists(goName.ReplaceAllString(p, "")):
		return ""
	}
	return "names " + span + ", which does not exist"
}

func (k known) exists(p string) bool {
	p, _, _ = strings.Cut(p, "/**")
	found, err := fs.Glob(k.fsys, p)
	return err == nil && len(found) > 0
}

// link says that a link to a file of ours, or to a heading in it, leads nowhere.
func (k known) link(d document, target string) string {
	u, err := url.Parse(target)
	if err != nil {
		return "links to " + target + ", which is no address"
	}
	if u.Scheme != "" || u.Host != "" {
		return ""
	}
	p := d.path
	switch {
	case strings.HasPrefix(u.Path, "/"):
		p = path.Clean(u.Path[1:])
	case u.Path != "":
		p = path.Join(path.Dir(d.path), u.Path)
	}
	if !fs.ValidPath(p) || !k.exists(p) {
		return "links to " + target + ", which does not exist"
	}
	if to, ok := k.docs[p]; ok && u.Fragment != "" && !to.anchors[u.Fragment] {
		return "links to " + target + ", and there is no such heading"
	}
	return ""
}
