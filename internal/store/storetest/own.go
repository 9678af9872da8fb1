package storetest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// restarting is a watchdog that starts the server again whenever it has ended,
// once nobody holds it back.
const restarting = `(while [ ! -e "$2/over" ]; do
	"$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c fsync=off -c max_connections=200 -c shared_buffers=64MB \
		-c log_min_messages=fatal >>"$2/log" 2>&1
	while [ -e "$2/held" ]; do sleep 0.05; done
done) & loop=$!
cat >/dev/null
touch "$2/over"; rm -f "$2/held"; kill -QUIT $(head -n 1 "$2/data/postmaster.pid" 2>/dev/null) 2>/dev/null; wait $loop; rm -rf "$2"`

// Server is a PostgreSQL server of one test, which may end it.
type Server struct{ *server }

// Own starts a server for this test alone.
func Own(tb testing.TB) *Server {
	tb.Helper()
	s, err := start(restarting)
	must(tb, err)
	tb.Cleanup(func() {
		if err := s.stdin.Close(); err != nil {
			tb.Error(err)
		}
		<-s.ended
	})
	return &Server{s}
}

// Address is the database of the server, through its socket.
func (s *Server) Address() string { return s.address("") }

// Down ends the server at once, as a crash of its machine does, until Up.
func (s *Server) Down(tb testing.TB) {
	tb.Helper()
	err := os.WriteFile(filepath.Join(s.dir, "held"), nil, 0o600)
	if err == nil {
		err = s.kill()
	}
	if err != nil {
		tb.Error(err)
	}
}

// Up lets the server start again and waits until it takes connections.
func (s *Server) Up(tb testing.TB) {
	tb.Helper()
	if err := os.Remove(filepath.Join(s.dir, "held")); err != nil {
		tb.Error(err)
	}
	if err := s.answers(); err != nil {
		tb.Error(err)
	}
}

// kill sends an immediate shutdown and waits until the server is gone.
func (s *Server) kill() error {
	name := filepath.Join(s.dir, "data", "postmaster.pid")
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGQUIT); err != nil {
		return err
	}
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	late := time.After(time.Minute)
	for {
		if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		select {
		case <-again.C:
		case <-late:
			return fmt.Errorf("the server does not end: %s", s.log())
		}
	}
}
