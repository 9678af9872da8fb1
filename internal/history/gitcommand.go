package history

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// gitSettings override what a clone of strangers could have set: nothing it
// configures may run a program, change the output or leave commits out.
var gitSettings = []string{
	"--no-pager",
	"-c", "core.fsmonitor=false",
	"-c", "core.hooksPath=/dev/null",
	"-c", "core.alternateRefsCommand=",
	"-c", "core.quotePath=false",
	"-c", "core.packedGitWindowSize=1m", // a pack is mapped in small parts,
	"-c", "core.packedGitLimit=32m", // so that memory does not grow with it
	"-c", "core.deltaBaseCacheLimit=64m",
	"-c", "i18n.logOutputEncoding=UTF-8",
	"-c", "log.showRoot=true",
	"-c", "log.showSignature=false",
	"-c", "log.mailmap=false",
}

// gitEnvironment is ours without what points git elsewhere. Replacement
// objects and grafts are ignored: a sha must mean here what it means to
// everyone else. No transport is allowed, so that an object missing from a
// partial clone is an error and not a connection.
func gitEnvironment() []string {
	env := make([]string, 0, 16)
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, "GIT_") && !strings.HasPrefix(name, "LC_") && name != "LANG" && name != "LANGUAGE" {
			env = append(env, kv)
		}
	}
	// What the user sets to be allowed to read a clone must stay.
	for _, name := range []string{"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_EXEC_PATH"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return append(env, "LC_ALL=C", "GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0", "GIT_NO_REPLACE_OBJECTS=1",
		"GIT_GRAFT_FILE=/dev/null", "GIT_ALLOW_PROTOCOL=none", "GIT_NO_LAZY_FETCH=1", "GIT_PAGER=cat")
}

// git returns what a git command in the clone prints.
func (c *clone) git(ctx context.Context, stdin string, args ...string) (string, error) {
	var out bytes.Buffer
	err := c.stream(ctx, stdin, func(r io.Reader) error {
		_, err := out.ReadFrom(r)
		return err
	}, args...)
	return out.String(), err
}

// stream runs a git command in the clone and lets read follow its output. When
// read fails the command is ended and its own failure no longer matters.
func (c *clone) stream(ctx context.Context, stdin string, read func(io.Reader) error, args ...string) error {
	outer := ctx
	ctx, end := context.WithCancel(outer)
	defer end()
	all := append(append([]string{"-C", c.path}, gitSettings...), args...)
	cmd := exec.CommandContext(ctx, "git", all...)
	cmd.Env = gitEnvironment()
	cmd.WaitDelay = 5 * time.Second
	if stdin != "" {
		cmd.Stdin = strings.NewReader(stdin)
	}
	complaint := &tail{}
	cmd.Stderr = complaint
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if errors.Is(err, exec.ErrNotFound) {
		return plimsoll.Errorf(plimsoll.CodeInvalid, "git is not in PATH; install it to import a clone")
	}
	if err != nil {
		return fmt.Errorf("git %s: %w", args[0], err)
	}
	readErr := read(out)
	if readErr != nil {
		end()
	}
	err = cmd.Wait()
	switch cut := errors.Is(readErr, io.ErrUnexpectedEOF); {
	case outer.Err() != nil:
		return context.Cause(outer)
	case readErr != nil && !cut:
		return readErr
	case readErr != nil || err != nil: // why git stopped explains more than where its output ends
		return c.explain(args[0], complaint.String(), errors.Join(readErr, err))
	}
	return nil
}

// explain turns what git prints into one line that says what to do.
func (c *clone) explain(verb, complaint string, err error) error {
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(complaint, w) {
				return true
			}
		}
		return false
	}
	switch {
	case has("dubious ownership", "safe.directory"):
		return invalidf("%s belongs to another user, and git refuses to read it; if you trust it run `git config --global --add safe.directory %s`", c.path, c.path)
	case has("not a git repository", "not in a git directory"):
		return invalidf("%s is not a git repository; name a clone or a bare repository", c.path)
	case has("transport '", "promisor", "lazy fetching disabled"):
		return invalidf("%s is a partial clone and lacks objects that the import reads; run `git fetch --refetch --no-filter` first", c.path)
	}
	if complaint == "" {
		return fmt.Errorf("git %s in %s: %w", verb, c.path, err)
	}
	return plimsoll.Errorf(plimsoll.CodeInternal, "git %s in %s: %s", verb, c.path, complaint)
}

// tail keeps the last line that says why, of all that a command complains.
type tail struct{ buf []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.buf = append(t.buf, p...)
	if over := len(t.buf) - 8<<10; over > 0 {
		t.buf = append(t.buf[:0], t.buf[over:]...)
	}
	return len(p), nil
}

// String is the line that git calls fatal, else its last one.
func (t *tail) String() string {
	lines := strings.Split(strings.TrimSpace(string(t.buf)), "\n")
	for _, line := range lines {
		if why, ok := strings.CutPrefix(line, "fatal: "); ok {
			return clean(why, 400)
		}
	}
	return clean(lines[len(lines)-1], 400)
}
