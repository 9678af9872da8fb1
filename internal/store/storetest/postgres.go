// Package storetest gives tests a database: a PostgreSQL server of their own,
// started when the first test asks for it and gone with the process. It never
// uses a server that happens to run.
package storetest

import (
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // to make schemas
)

// Variable asks for what the tests of all rooms keep their data in: "postgres",
// or SQLite without it.
const Variable = "PLIMSOLL_TEST_STORE"

// required makes a missing PostgreSQL a failure; `make test` sets it.
const required = "PLIMSOLL_TEST_POSTGRES"

// For is the address of the database that stands in for a data folder when the
// tests of all rooms are run on PostgreSQL, and "" when they are not. The same
// folder again is the same database.
func For(tb testing.TB, dir string) string {
	tb.Helper()
	switch v := os.Getenv(Variable); v {
	case "", "sqlite":
		return ""
	case "postgres":
		address, _ := standIns.LoadOrStore(dir, sync.OnceValue(func() string { return Postgres(tb) }))
		return address.(func() string)()
	default:
		tb.Fatalf("%s is %q; expected postgres or sqlite", Variable, v)
		return ""
	}
}

var standIns sync.Map // folder → func() address

var (
	once    sync.Once
	running *server
	failed  error
	number  atomic.Int64
)

// Postgres returns the address of an empty schema of a private server, and
// skips the test where PostgreSQL is not installed.
func Postgres(tb testing.TB) string {
	tb.Helper()
	once.Do(func() { running, failed = start(watchdog) })
	must(tb, failed)
	name := fmt.Sprintf("t%d_%d", os.Getpid(), number.Add(1))
	running.do(tb, `CREATE SCHEMA `+name)
	tb.Cleanup(func() { running.do(tb, `DROP SCHEMA `+name+` CASCADE`) })
	return running.address("search_path=" + name)
}

// must skips the test where PostgreSQL is not installed, and fails it over any
// other error.
func must(tb testing.TB, err error) {
	tb.Helper()
	if errors.Is(err, exec.ErrNotFound) && os.Getenv(required) == "" {
		tb.Skipf("PostgreSQL is not installed, and %s does not ask for it: %v", required, err)
	}
	if err != nil {
		tb.Fatal(err)
	}
}

type server struct {
	dir   string // of the socket
	stdin io.Closer
	ended chan error
}

func (s *server) address(more string) string {
	return "postgres://plimsoll@/postgres?host=" + url.QueryEscape(s.dir) + "&port=5432&sslmode=disable&" + more
}

func (s *server) do(tb testing.TB, query string) {
	tb.Helper()
	db, err := sql.Open("pgx", s.address(""))
	if err == nil {
		_, err = db.Exec(query)
		err = errors.Join(err, db.Close())
	}
	if err != nil {
		tb.Errorf("%s: %v", query, err)
	}
}

// places are where packages of Debian and of Homebrew put the programs.
var places = []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin", "/usr/local/opt/postgresql*/bin"}

// programs is the folder of the newest PostgreSQL on this machine.
func programs() (string, error) {
	if p, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(p), nil
	}
	var found []string
	for _, pattern := range places {
		more, err := filepath.Glob(filepath.Join(pattern, "initdb"))
		if err != nil {
			return "", err
		}
		found = append(found, more...)
	}
	if len(found) == 0 {
		return "", fmt.Errorf("initdb: %w; install PostgreSQL 15 or newer: apt-get install postgresql, or brew install postgresql@16", exec.ErrNotFound)
	}
	slices.Sort(found)
	return filepath.Dir(found[len(found)-1]), nil
}

// watchdog runs the server for as long as its standard input is open, which is
// as long as this process lives, however it ends. Then it takes the folder away.
const watchdog = `"$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c fsync=$3 -c full_page_writes=$3 -c max_connections=400 \
	-c shared_buffers=64MB -c autovacuum_naptime=5s -c log_min_messages=warning >"$2/log" 2>&1 & server=$!
cat >/dev/null
kill -QUIT $server; wait $server; rm -rf "$2"`

// fsync is off: the tests kill processes, and no machine. A benchmark of what is
// durable asks for it with PLIMSOLL_TEST_FSYNC=on.
func fsync() string {
	if os.Getenv("PLIMSOLL_TEST_FSYNC") == "on" {
		return "on"
	}
	return "off"
}

// start makes a cluster in a temporary folder and runs a server on it, as an
// ordinary user: PostgreSQL refuses to run as root.
func start(watchdog string) (_ *server, err error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	// The name of a socket may have about a hundred letters.
	dir, err := os.MkdirTemp("/tmp", "plimsoll-postgres-")
	if err != nil {
		return nil, err
	}
	as, err := ordinary(dir)
	if err != nil {
		return nil, err
	}
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", filepath.Join(dir, "data"), "-U", "plimsoll", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
	initdb.Dir, initdb.SysProcAttr = dir, as
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, strings.TrimSpace(string(out)))
	}
	cmd := exec.Command("sh", "-c", watchdog, "sh", bin, dir, fsync())
	cmd.Dir, cmd.SysProcAttr = dir, as
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	// The watchdog reads stdin for as long as the server is not collected.
	s := &server{dir: dir, stdin: stdin, ended: ended}
	if err := s.answers(); err != nil {
		_ = stdin.Close()
		return nil, err
	}
	return s, nil
}

// answers waits until the server takes connections.
func (s *server) answers() error {
	db, err := sql.Open("pgx", s.address(""))
	if err != nil {
		return err
	}
	defer db.Close()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	late := time.After(time.Minute)
	for {
		if err = db.Ping(); err == nil {
			return nil
		}
		select {
		case <-again.C:
		case <-late:
			return fmt.Errorf("the server does not answer: %w: %s", err, s.log())
		case end := <-s.ended:
			return fmt.Errorf("the server ended: %v: %s", end, s.log())
		}
	}
}

func (s *server) log() string {
	text, err := os.ReadFile(filepath.Join(s.dir, "log"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// ordinary gives the folder to an ordinary user if we are root.
func ordinary(dir string) (*syscall.SysProcAttr, error) {
	if os.Geteuid() != 0 {
		return &syscall.SysProcAttr{}, nil
	}
	var u *user.User
	var err error
	for _, name := range []string{"postgres", "nobody"} {
		if u, err = user.Lookup(name); err == nil {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	if err := os.Chown(dir, int(uid), int(gid)); err != nil {
		return nil, err
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}
