package app

import (
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// settled waits until no more goroutines run than before; they end a little
// after what they worked for.
func settled(t *testing.T, before int) {
	t.Helper()
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		<-time.After(20 * time.Millisecond)
	}
	buf := make([]byte, 1<<16)
	t.Errorf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
}

func open(t *testing.T, opt Options) *App {
	t.Helper()
	a, err := New(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, a) })
	return a
}

func stop(t *testing.T, a *App) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := a.Stop(ctx); err != nil {
		t.Error(err)
	}
}

func TestAStartThatFailsHalfWayLeavesNothingBehind(t *testing.T) {
	before := runtime.NumGoroutine()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	data := t.TempDir()
	// By then the data is open.
	_, err = New(t.Context(), Options{Data: data, Listen: taken.Addr().String()})
	if err == nil || !strings.Contains(err.Error(), "is another server running there?") {
		t.Fatalf("error %v", err)
	}
	settled(t, before)
	a := open(t, Options{Data: data, Listen: "127.0.0.1:0"})
	address := a.listener.Addr().String()
	// The folder is locked now; the second start fails at its first step.
	if _, err := New(t.Context(), Options{Data: data, Listen: "127.0.0.1:0"}); plimsoll.ErrorCode(err) != plimsoll.CodeConflict || !strings.Contains(err.Error(), a.URL()) {
		t.Errorf("error %v", err)
	}
	stop(t, a)
	again, err := net.Listen("tcp", address)
	if err != nil {
		t.Errorf("the address is not free again: %v", err)
	} else {
		again.Close()
	}
	settled(t, before)
}

func TestAnAddressThatOthersReachNeedsAToken(t *testing.T) {
	for _, listen := range []string{":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:0", "plimsoll.example:0"} {
		_, err := New(t.Context(), Options{Data: filepath.Join(t.TempDir(), "data"), Listen: listen})
		if plimsoll.ErrorCode(err) != plimsoll.CodeInvalid || !strings.Contains(err.Error(), "PLIMSOLL_TOKEN") {
			t.Errorf("%s: %v", listen, err)
		}
	}
	for _, listen := range []string{"127.0.0.1:99999", "127.0.0.1:-1", "127.0.0.1:no-such-service"} {
		_, err := New(t.Context(), Options{Data: filepath.Join(t.TempDir(), "data"), Listen: listen})
		if plimsoll.ErrorCode(err) != plimsoll.CodeInvalid || !strings.Contains(err.Error(), "expected a number") {
			t.Errorf("%s: %v", listen, err)
		}
	}
	for _, listen := range []string{"127.0.0.1:0", "localhost:0", "127.8.9.1:0"} {
		open(t, Options{Data: t.TempDir(), Listen: listen})
	}
	a := open(t, Options{Data: t.TempDir(), Listen: "0.0.0.0:0", Token: "t"})
	if !strings.HasPrefix(a.URL(), "http://127.0.0.1:") {
		t.Errorf("said to be at %s", a.URL())
	}
}

func TestStopMayBeCalledAgainAndAtAnyTime(t *testing.T) {
	before := runtime.NumGoroutine()
	never := open(t, Options{Data: t.TempDir(), Listen: "127.0.0.1:0"})
	stop(t, never)
	stop(t, never)
	a := open(t, Options{Data: t.TempDir(), Listen: "127.0.0.1:0"})
	a.Start()
	stop(t, a)
	stop(t, a)
	settled(t, before)
}

func TestStopWaitsForNobodyWhoDoesNotEnd(t *testing.T) {
	a, err := New(t.Context(), Options{Data: t.TempDir(), Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	a.Start()
	conn, err := net.Dial("tcp", a.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// A sender that begins a request and says no more.
	if _, err := conn.Write([]byte("POST /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 10)); err != nil { // the server is at it
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	if err := a.Stop(ctx); err == nil || !strings.Contains(err.Error(), "stop requests") {
		t.Errorf("error %v", err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
	again := open(t, Options{Data: a.opt.Data}) // the folder is free
	stop(t, again)
}

func TestServingThatEndsByItselfIsTold(t *testing.T) {
	a := open(t, Options{Data: t.TempDir(), Listen: "127.0.0.1:0"})
	a.Start()
	a.listener.Close()
	select {
	case err := <-a.Failed():
		if err == nil {
			t.Error("no reason")
		}
	case <-time.After(10 * time.Second):
		t.Error("nobody is told")
	}
}

// ask asks in process.
func ask(t *testing.T, a *App, path string) (int, string) {
	t.Helper()
	w := &answer{header: http.Header{}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	a.Handler().ServeHTTP(w, r)
	return w.status, w.body.String()
}

type answer struct {
	header http.Header
	status int
	body   strings.Builder
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }
func (a *answer) WriteHeader(status int)      { a.status = status }

func clone(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	run := func(args ...string) {
		t.Helper()
		c := exec.Command("git", args...)
		c.Dir = dir
		c.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
			"GIT_AUTHOR_NAME=Ann", "GIT_AUTHOR_EMAIL=ann@example.org", "GIT_COMMITTER_NAME=Ann", "GIT_COMMITTER_EMAIL=ann@example.org")
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	run("init", "-q", "-b", "main")
	for _, subject := range []string{"first", "second", "third"} {
		run("commit", "-q", "--allow-empty", "-m", subject)
	}
	return dir
}

func TestTheOwnHistoryIsShownOrItIsSaidWhyNot(t *testing.T) {
	whole, shallow := clone(t), t.TempDir()
	if out, err := exec.Command("git", "clone", "-q", "--depth", "1", "file://"+whole, shallow).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, c := range map[string]struct {
		folder string
		says   []string
	}{
		"a clone":         {whole, []string{"This is the git history of the clone"}},
		"a shallow clone": {shallow, []string{"cannot be shown", "shallow"}},
		"no clone":        {t.TempDir(), []string{"cannot be shown"}},
		"no folder":       {filepath.Join(t.TempDir(), "nowhere"), []string{"cannot be shown"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := open(t, Options{Data: t.TempDir(), ImportSelf: c.folder})
			a.Start()
			for range 500 {
				if len(a.Notices()) > 0 {
					break
				}
				<-time.After(10 * time.Millisecond)
			}
			status, page := ask(t, a, "/")
			for _, w := range c.says {
				if status != http.StatusOK || !strings.Contains(page, w) {
					t.Errorf("status %d; the page does not say %q; notices %q", status, w, a.Notices())
				}
			}
			if strings.Contains(page, "exit status") || strings.Contains(page, "git -C") {
				t.Errorf("the page tells of the inside: %q", a.Notices())
			}
		})
	}
}
