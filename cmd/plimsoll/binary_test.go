package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// program is the real one, built once for all tests that need a process.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp(os.Getenv("HOME"), "bin-") // removed with the home of the tests
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "plimsoll")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// words is what a process says while somebody listens.
type words struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (w *words) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}

func (w *words) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// process is a server that can be killed.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	errs words
	url  string
	done chan struct{} // closed when it has ended
	code error
}

// launch starts a server on a folder and waits until it is ready.
func launch(t *testing.T, data string) *process {
	t.Helper()
	p := begin(t, "--data", data, "--listen", "127.0.0.1:0")
	p.ready()
	return p
}

// begin starts a server and waits until it says where it is.
func begin(t *testing.T, args ...string) *process {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: exec.Command(path, append([]string{"serve"}, args...)...), done: make(chan struct{})}
	p.cmd.Stderr = &p.errs
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	go func() {
		p.code = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() { p.end(syscall.SIGKILL) })
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "Plimsoll is at ")
	if err != nil || !ok {
		p.end(syscall.SIGKILL)
		t.Fatalf("serve says %q, %v: %s", line, err, p.errs.String())
	}
	p.url = url
	return p
}

// ready asks until the server is, a bounded number of times.
func (p *process) ready() {
	p.t.Helper()
	for range 200 {
		resp, err := http.Get(p.url + "/readyz")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		<-time.After(25 * time.Millisecond)
	}
	p.t.Fatalf("%s is not ready: %s", p.url, p.errs.String())
}

// end sends a signal and waits for the end.
func (p *process) end(s syscall.Signal) error {
	p.t.Helper()
	_ = p.cmd.Process.Signal(s) // it may have ended already
	select {
	case <-p.done:
	case <-time.After(20 * time.Second):
		p.t.Errorf("the server does not end after %v", s)
		_ = p.cmd.Process.Kill()
	}
	return p.code
}
