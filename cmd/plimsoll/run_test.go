package main

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(apart(m))
}

// forTests are the settings that are meant for the tests.
var forTests = []string{"PLIMSOLL_KILL_ROUNDS", "PLIMSOLL_CRASH_ROUNDS", "PLIMSOLL_LOAD", "PLIMSOLL_LOAD_RATE", "PLIMSOLL_TEST_POSTGRES"}

// apart runs the tests away from the settings of whoever runs them.
func apart(m *testing.M) int {
	home, err := os.MkdirTemp("", "plimsoll-home-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(home)
	// The compiler keeps its own places, so that it need not begin anew.
	caches, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE").Output()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	cache, modules, _ := strings.Cut(strings.TrimSpace(string(caches)), "\n")
	for _, e := range os.Environ() {
		if name, _, _ := strings.Cut(e, "="); (strings.HasPrefix(name, "PLIMSOLL_") || strings.HasPrefix(name, "GIT_")) && !slices.Contains(forTests, name) {
			os.Unsetenv(name)
		}
	}
	for name, value := range map[string]string{
		"HOME": home, "XDG_CACHE_HOME": filepath.Join(home, "cache"), "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.DevNull,
		"GIT_AUTHOR_NAME": "Ann", "GIT_AUTHOR_EMAIL": "ann@example.org", "GIT_COMMITTER_NAME": "Ann", "GIT_COMMITTER_EMAIL": "ann@example.org",
		"GOCACHE": cache, "GOMODCACHE": modules,
	} {
		if err := os.Setenv(name, value); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return m.Run()
}

// said is what a call of the program left behind.
type said struct {
	out, err string
	code     int
}

// call calls the program as a user does.
func call(t *testing.T, args ...string) said {
	t.Helper()
	return fed(t, "", args...)
}

// fed does so with something on the standard input.
func fed(t *testing.T, stdin string, args ...string) said {
	t.Helper()
	var out, errs bytes.Buffer
	err := Run(t.Context(), args, strings.NewReader(stdin), &out, &errs)
	return said{out.String(), errs.String(), exitCode(err)}
}

// fine is the same where nothing may go wrong.
func fine(t *testing.T, args ...string) string {
	t.Helper()
	s := call(t, args...)
	if s.code != 0 || s.err != "" {
		t.Fatalf("plimsoll %s: exit %d\n%s%s", strings.Join(args, " "), s.code, s.out, s.err)
	}
	return s.out
}

// wrong wants exit code 2 and one line that holds every one of the words.
func (s said) wrong(t *testing.T, words ...string) {
	t.Helper()
	if s.code != 2 || s.out != "" || !strings.HasPrefix(s.err, "plimsoll: ") || strings.Count(s.err, "\n") != 1 {
		t.Errorf("exit %d, out %q, errors %q; want exit 2 and one line", s.code, s.out, s.err)
	}
	for _, w := range words {
		if !strings.Contains(s.err, w) {
			t.Errorf("%q does not say %q", s.err, w)
		}
	}
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// serving runs the verb serve until the test ends, and returns its address.
func serving(t *testing.T, args ...string) (url string, stop func() said) {
	t.Helper()
	return running(t, "serve", "", args...)
}

// running runs a verb that serves, and waits for the line that begins with
// ready, if any.
func running(t *testing.T, verb, ready string, args ...string) (url string, stop func() said) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	var errs bytes.Buffer
	ended := make(chan said, 1)
	go func() {
		err := Run(ctx, append([]string{verb, "--listen", "127.0.0.1:0"}, args...), strings.NewReader(""), w, &errs)
		w.Close()
		ended <- said{err: errs.String(), code: exitCode(err)}
	}()
	in := bufio.NewReader(r)
	line, err := in.ReadString('\n')
	for more := line; err == nil && !strings.HasPrefix(more, ready); {
		more, err = in.ReadString('\n')
	}
	if err != nil {
		s := <-ended
		cancel()
		t.Fatalf("%s: exit %d: %s", verb, s.code, s.err)
	}
	go func() { _, _ = io.Copy(io.Discard, in) }()
	stopped := false
	stop = func() said {
		stopped = true
		cancel()
		select {
		case s := <-ended:
			return s
		case <-time.After(20 * time.Second):
			t.Fatalf("%s does not end", verb)
		}
		return said{}
	}
	t.Cleanup(func() {
		if !stopped {
			stop()
		}
	})
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "Plimsoll is at ")
	if !ok {
		t.Fatalf("%s says %q", verb, line)
	}
	return url, stop
}

// golden compares with a file of the right answers.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (go test ./cmd/plimsoll -update writes it anew):\n%s\nwant\n%s", name, got, want)
	}
}
