//go:build unix

package store

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/plimsoll-dev/plimsoll/internal/store/storetest"
)

// crashRounds is the variable that asks for more kills than the few of a normal run.
const crashRounds = "PLIMSOLL_CRASH_ROUNDS"

// process is a child that the test started.
type process struct {
	cmd   *exec.Cmd
	lines *bufio.Scanner
}

func start(t *testing.T, env ...string) *process {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cmd.StdinPipe(); err != nil { // stays open until the child is gone
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return &process{cmd, bufio.NewScanner(out)}
}

// acks reads what the child acknowledges. After the first enough of them it
// kills the child; enough 0 means that the child ends by itself. It fails
// unless the child was killed.
func (p *process) acks(t *testing.T, enough int) (ids []string, reached bool) {
	t.Helper()
	for p.lines.Scan() {
		line := p.lines.Text()
		id, ok := strings.CutPrefix(line, "ack ")
		switch {
		case ok:
			if ids = append(ids, id); len(ids) == enough {
				if err := p.cmd.Process.Kill(); err != nil {
					t.Error(err)
				}
			}
		case strings.HasPrefix(line, "reached "):
			reached = true
		default:
			t.Errorf("the child says: %s", line)
		}
	}
	_ = p.cmd.Wait()
	if s, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || !s.Signaled() || s.Signal() != syscall.SIGKILL {
		t.Fatalf("the child was not killed, it ended with %v", p.cmd.ProcessState)
	}
	return ids, reached
}

// home is where a child keeps its data.
type home struct{ dir, database string }

func (h home) env() []string {
	return []string{childDir + "=" + h.dir, childDatabase + "=" + h.database}
}

// homes makes one of each kind of store.
var homes = map[string]func(t *testing.T) home{
	"SQLite":     func(t *testing.T) home { return home{dir: t.TempDir()} },
	"PostgreSQL": func(t *testing.T) home { return home{database: storetest.Postgres(t)} },
}

// survives opens what a killed process left behind and checks that it is whole.
func survives(t *testing.T, h home, ids []string) {
	t.Helper()
	db, err := Open(context.Background(), Options{Dir: h.dir, Database: h.database})
	if err != nil {
		t.Fatalf("after the kill: %v", err)
	}
	defer db.Close()
	if err := db.Check(context.Background()); err != nil {
		t.Error(err)
	}
	o := mustOrg(t, db, "default")
	// A database goes on for a moment with what the killed one had sent.
	if _, err := o.SeizeLease(context.Background(), work, "survivor", 0); err != nil {
		t.Error(err)
	}
	seen := wholeLog(t, o)
	for _, id := range ids {
		if seen[id] != 1 || seen[id+"b"] != 1 {
			t.Errorf("%s was acknowledged; its events are there %d and %d times", id, seen[id], seen[id+"b"])
		}
	}
	for id, n := range seen {
		if twin := strings.TrimSuffix(id, "b"); n != 1 || seen[twin] != 1 || seen[twin+"b"] != 1 {
			t.Errorf("%s is there %d times, its delivery %d and %d", id, n, seen[twin], seen[twin+"b"])
		}
	}
	if at, c := gotCursor(t, o, "facts"), got(t, o, (*Tx).Counts); at != c.Deployments {
		t.Errorf("the follower is at %d and made %d facts", at, c.Deployments)
	}
}

func TestNothingAcknowledgedIsLostWhenTheProcessIsKilled(t *testing.T) {
	t.Parallel()
	for name, h := range homes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			killAgainAndAgain(t, h(t))
		})
	}
}

func killAgainAndAgain(t *testing.T, h home) {
	rounds := 15
	if s := os.Getenv(crashRounds); s != "" {
		var err error
		if rounds, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	var all []string
	for round := range rounds {
		p := start(t, append(h.env(), childRole+"=append", fmt.Sprintf("%s=%d", childRound, round))...)
		ids, _ := p.acks(t, 1+rand.IntN(150))
		if len(ids) == 0 {
			t.Fatal("nothing was acknowledged before the kill")
		}
		all = append(all, ids...)
		survives(t, h, all)
		if t.Failed() {
			t.FailNow()
		}
	}
	t.Logf("%d kills, %d acknowledged deliveries", rounds, len(all))
}

// dangerousSteps are the steps of a running store at which it can be broken.
var dangerousSteps = []string{"append:begin", "append:events", "append:counter", "derive:deployments", "write:begin", "write:commit", "write:acknowledge", "lease:take", "lease:keep"}

func TestNothingAcknowledgedIsLostWhenTheProcessDiesAtAnyStep(t *testing.T) {
	t.Parallel()
	for name, h := range homes {
		for _, step := range dangerousSteps {
			t.Run(name+", "+step, func(t *testing.T) {
				t.Parallel()
				dieAtStep(t, h(t), step)
			})
		}
	}
}

func dieAtStep(t *testing.T, h home, step string) {
	var all []string
	for round, k := range []int{25, 3 + rand.IntN(60)} {
		p := start(t, append(h.env(), childRole+"=append", fmt.Sprintf("%s=%d", childRound, round), fmt.Sprintf("%s=%s %d", childDie, step, k))...)
		ids, reached := p.acks(t, 0)
		if !reached {
			t.Fatal("the step was not reached")
		}
		all = append(all, ids...)
		survives(t, h, all)
	}
	if len(all) == 0 {
		t.Fatal("nothing was acknowledged before the kills")
	}
}

func TestAStoreThatDiesWhileItMigratesOpensAgain(t *testing.T) {
	t.Parallel()
	for name, e := range map[string]engine{"SQLite": &sqliteEngine{}, "PostgreSQL": &postgresEngine{}} {
		steps, err := migrations(e.migrations())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range steps {
			h := homes[name](t)
			step := fmt.Sprintf("migrate:%04d", m.version)
			if _, reached := start(t, append(h.env(), childRole+"=append", childDie+"="+step+" 1")...).acks(t, 0); !reached {
				t.Fatalf("%s was not reached", step)
			}
			survives(t, h, nil)
		}
	}
}

func TestEveryDangerousStepIsBroken(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`[fF]ault\("([^"]+)"\)`)
	var steps []string
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range named.FindAllStringSubmatch(string(text), -1) {
			steps = append(steps, m[1])
		}
	}
	// Those of a restore have a test of their own.
	steps = slices.DeleteFunc(steps, func(s string) bool { return strings.HasPrefix(s, "restore:") })
	slices.Sort(steps)
	steps = slices.Compact(steps) // each database has its way through the same steps
	if !slices.Equal(steps, slices.Sorted(slices.Values(dangerousSteps))) {
		t.Errorf("the code names the steps %q, the crash tests break %q", steps, dangerousSteps)
	}
}
