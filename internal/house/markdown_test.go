package house

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// document is what a Markdown file promises: names in backticks, commands in
// fences, links, and the anchors that others may link to.
type document struct {
	path    string
	spans   []passage // inline code
	fenced  []passage // lines of code fences, less those that show output
	links   []passage // targets of links and images
	anchors map[string]bool
}

type passage struct {
	line int
	text string
}

func (d document) at(p passage) string { return d.path + ":" + strconv.Itoa(p.line) }

var (
	linkTarget  = regexp.MustCompile(`\]\(\s*<?([^)\s>]+)>?(?:\s+["'][^)]*)?\)`)
	linkDefined = regexp.MustCompile(`^ {0,3}\[[^\]^]+\]:\s*<?([^\s>]+)`)
	htmlTarget  = regexp.MustCompile(`\b(?:src|href|srcset)="([^"\s]+)"`)
	htmlAnchor  = regexp.MustCompile(`\b(?:id|name)="([^"]+)"`)
	heading     = regexp.MustCompile(`^ {0,3}#{1,6}\s+(.*?)[\s#]*$`)
	underline   = regexp.MustCompile(`^ {0,3}(=+|-+)\s*$`)
	fence       = regexp.MustCompile("^[\\s>]*(?:[-*+] +|[0-9]+[.)] +)?(```+|~~~+)\\s*([A-Za-z0-9_+-]*)")
	inLink      = regexp.MustCompile(`!?\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])`)
	comment     = regexp.MustCompile(`(?s)<!--.*?-->`)
)

// readMarkdown reads as much Markdown as the rules need. Line numbers survive.
func readMarkdown(path, text string) document {
	d := document{path: path, anchors: map[string]bool{}}
	text = comment.ReplaceAllStringFunc(strings.ReplaceAll(text, "\r\n", "\n"), func(s string) string {
		return strings.Repeat("\n", strings.Count(s, "\n"))
	})
	lines := strings.Split(text, "\n")
	var open, language string // of the fence that we are in
	for i, line := range lines {
		m := fence.FindStringSubmatch(line)
		switch {
		case open == "" && m != nil:
			open, language = m[1], strings.ToLower(m[2])
		case m != nil && m[2] == "" && strings.HasPrefix(m[1], open):
			open = ""
		case open != "":
			if shown(language, line) {
				d.fenced = append(d.fenced, passage{i + 1, line})
			}
		default:
			d.addHeading(lines, i)
			continue
		}
		lines[i] = "" // what follows reads the prose alone
	}
	d.addSpans(lines)
	for i, line := range lines {
		for _, re := range []*regexp.Regexp{linkTarget, linkDefined, htmlTarget} {
			for _, m := range re.FindAllStringSubmatch(line, -1) {
				d.links = append(d.links, passage{i + 1, m[1]})
			}
		}
		for _, m := range htmlAnchor.FindAllStringSubmatch(line, -1) {
			d.anchors[m[1]] = true
		}
	}
	return d
}

// shown leaves out the lines of a fence that are output, not input.
func shown(language, line string) bool {
	switch language {
	case "text", "output":
		return false
	case "console", "shell-session":
		return strings.HasPrefix(strings.TrimSpace(line), "$ ")
	}
	return true
}

// addHeading gives a heading the anchor that forges give it.
func (d *document) addHeading(lines []string, i int) {
	title := ""
	if m := heading.FindStringSubmatch(lines[i]); m != nil {
		title = m[1]
	} else if i+1 < len(lines) && strings.TrimSpace(lines[i]) != "" && underline.MatchString(lines[i+1]) {
		title = lines[i]
	}
	if title == "" {
		return
	}
	slug := strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, strings.TrimSpace(inLink.ReplaceAllString(title, "$1")))
	once := slug
	for n := 1; d.anchors[slug]; n++ {
		slug = once + "-" + strconv.Itoa(n)
	}
	d.anchors[slug] = true
}

// addSpans collects inline code and blanks it, so that a link shown as code is
// not taken for one. A span may run on in the next line, but not past a
// paragraph; a run of backticks that nothing closes stands for itself.
func (d *document) addSpans(lines []string) {
	text := []byte(strings.Join(lines, "\n"))
	for i := 0; i < len(text); {
		if text[i] != '`' {
			i++
			continue
		}
		n := ticks(text[i:])
		from := i + n
		end := from
		for end < len(text) && (text[end] != '`' || ticks(text[end:]) != n) {
			end += max(1, ticks(text[end:]))
		}
		i = from
		if end >= len(text) || strings.Contains(string(text[from:end]), "\n\n") {
			continue
		}
		span := strings.Join(strings.Fields(string(text[from:end])), " ")
		d.spans = append(d.spans, passage{1 + strings.Count(string(text[:from]), "\n"), span})
		for ; i < end; i++ {
			if text[i] != '\n' {
				text[i] = ' '
			}
		}
		i = end + n
	}
	copy(lines, slices.Collect(strings.SplitSeq(string(text), "\n")))
}

// ticks counts the backticks that text begins with.
func ticks(text []byte) int {
	n := 0
	for n < len(text) && text[n] == '`' {
		n++
	}
	return n
}
