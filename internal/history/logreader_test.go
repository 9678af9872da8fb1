package history

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

const (
	shaA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	shaB = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

func logRecord(sha, message string, paths ...string) string {
	s := "\x00" + sha + "\x00\x001\x002\x00e\x00n\x00" + message + "\x00\x00"
	for i, p := range paths {
		if i == 0 {
			s += "\n"
		}
		s += p + "\x00"
	}
	return s
}

func readAll(text string, small bool) (got []logEntry, err error) {
	var in io.Reader = strings.NewReader(text)
	if small {
		in = io.MultiReader(strings.NewReader(text[:len(text)/2]), strings.NewReader(text[len(text)/2:]))
	}
	log := newLogReader(in)
	for {
		e, err := log.next()
		if err != nil {
			return got, err
		}
		got = append(got, e)
	}
}

func TestLogReader(t *testing.T) {
	long := strings.Repeat("m", 1<<20)
	text := logRecord(shaA, "a\n\nb", "\nx/y", "x/z", "w") + logRecord(shaB, "") + logRecord(strings.Repeat("c", 64), long, "d/e/f")
	got, err := readAll(text, true)
	if !errors.Is(err, io.EOF) || len(got) != 3 {
		t.Fatalf("%d entries, %v", len(got), err)
	}
	if e := got[0]; e.sha != shaA || e.message != "a\n\nb" || e.authored != "1" || e.committed != "2" || e.email != "e" || e.name != "n" || !slices.Equal(e.paths, []string{"\nx", "x"}) {
		t.Errorf("%+v", e)
	}
	if e := got[1]; e.message != "" || e.paths != nil {
		t.Errorf("%+v", e)
	}
	if e := got[2]; len(e.message) != logFieldBytes+1 || !slices.Equal(e.paths, []string{"d/e"}) {
		t.Errorf("a message of %d bytes, paths %q", len(e.message), e.paths)
	}
	for _, bad := range []string{"x", "x\x00", text[:len(text)-10], text[:30], logRecord("HEAD", "m"), "\x00" + shaA + "\x00\x00\x00\x00\x00\x00m\x00x\x00"} {
		if _, err := readAll(bad, false); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("%.40q: %v", bad, err)
		}
	}
}

func TestTouched(t *testing.T) {
	list := func(files ...string) []string {
		var t touched
		for _, f := range files {
			t.add(f)
		}
		return t.list()
	}
	if got := list("a", "b/c", "b/d/e", "b/f", "b.x/y"); !slices.Equal(got, []string{"b.x", "b/d"}) {
		t.Errorf("%q", got)
	}
	if got := list("a", "b"); !slices.Equal(got, []string{"."}) {
		t.Errorf("%q", got)
	}
	if got := list("1/2/3/4/5/6/7/8", "1/2/3/4/5/6/9"); !slices.Equal(got, []string{"1/2/3/4/5/6"}) {
		t.Errorf("%q", got)
	}
	var many []string
	for i := range pathMost {
		for _, deep := range []string{"", "b/", "b/c/", "b/c/d/", "b/c/d/e/", "b/c/d/e/f/"} {
			many = append(many, fmt.Sprintf("%d/%sfile", i, deep))
		}
	}
	if got := list(append(many, "top")...); len(got) != pathMost {
		t.Errorf("%d folders at the limit", len(got))
	}
	if got := list(append(many, "more/file")...); got != nil {
		t.Errorf("%d folders above the limit", len(got))
	}
}

func FuzzLogReader(f *testing.F) {
	f.Add(logRecord(shaA, "m", "a/b", "c") + logRecord(shaB, "m"))
	f.Add("\x00\x00\x00")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := readAll(text, false)
		if err == nil {
			t.Fatal("no end")
		}
		for _, e := range got {
			if !isSHA(e.sha) || len(e.paths) > pathMost || !slices.IsSorted(e.paths) || slices.ContainsFunc(e.paths, func(p string) bool { return !utf8.ValidString(p) || p == "" }) {
				t.Errorf("%+v", e)
			}
		}
	})
}
