package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/client"
	"github.com/plimsoll-dev/plimsoll/internal/app"
)

// The places where a verb finds its data when nobody says.
const (
	defaultData   = ".plimsoll"
	defaultServer = "http://127.0.0.1:8080"
)

// target is where a verb works: a server, or a data folder or database that it
// opens itself.
type target struct {
	server, data     string
	database         string
	token, tokenFile string
	preferServer     bool // without a word, a server is meant
}

func (t *target) flags(c *cobra.Command) {
	server, data := "", ", "+defaultData+" if nothing is said"
	if t.preferServer {
		server, data = ", "+defaultServer+" if nothing is said", ""
	}
	c.Flags().StringVar(&t.server, "server", "", "address of a server (PLIMSOLL_SERVER)"+server)
	c.Flags().StringVar(&t.data, "data", "", "data folder to work on directly (PLIMSOLL_DATA)"+data)
	c.Flags().StringVar(&t.database, "database", "", "database to work on directly, postgres://USER@HOST/NAME (PLIMSOLL_DATABASE)")
	c.Flags().StringVar(&t.tokenFile, "token-file", "", "file with the token of the server (or PLIMSOLL_TOKEN)")
	c.Flags().StringVar(&t.token, "token", "", "the token itself; other users of this machine can see it, a file or PLIMSOLL_TOKEN is safer")
}

func (t *target) resolve() {
	if t.server == "" && t.data == "" && t.database == "" {
		t.server, t.data, t.database = os.Getenv("PLIMSOLL_SERVER"), os.Getenv("PLIMSOLL_DATA"), os.Getenv("PLIMSOLL_DATABASE")
		if t.database != "" {
			t.data = "" // there it is the folder of what can be made again
		}
	}
	if t.server == "" && t.data == "" && t.database == "" {
		if t.preferServer {
			t.server = defaultServer
		} else {
			t.data = defaultData
		}
	}
}

// How often a verb asks a server that is busy or away. Who asks a question is
// looking at the screen; a report must arrive.
const (
	triesToRead  = 2
	triesToWrite = 6
)

// foldPatience is how long a verb waits for facts that do not move. One step of
// deriving may take many seconds on a busy database, and is lost when left.
const foldPatience = time.Minute

// open returns a client of the target. close must be called; it reports what
// went wrong in closing.
func (t *target) open(ctx context.Context, write bool) (_ *client.Client, close func() error, err error) {
	t.resolve()
	for _, also := range []struct{ flag, value string }{{"--data", t.data}, {"--database", t.database}} {
		if t.server != "" && also.value != "" {
			return nil, nil, plimsoll.FieldErrorf(also.flag, "contradicts --server; give one of them")
		}
	}
	if t.data != "" && t.database != "" {
		return nil, nil, plimsoll.FieldErrorf("--database", "contradicts --data; give one of them")
	}
	if t.server != "" {
		token, tries := t.token, triesToRead
		if token == "" {
			if token, err = readToken(t.tokenFile); err != nil {
				return nil, nil, err
			}
		}
		if write {
			tries = triesToWrite
		}
		c, err := client.New(t.server, client.Options{Token: token, Tries: tries})
		return c, func() error { return nil }, err
	}
	if _, err := os.Stat(filepath.Join(t.data, "plimsoll.db")); t.database == "" && errors.Is(err, os.ErrNotExist) && !write {
		return nil, nil, plimsoll.FieldErrorf("--data", "%s holds no data yet; import something first, start the server, or name one with --server URL", t.data)
	}
	a, err := app.New(ctx, app.Options{Data: t.data, Database: t.database})
	if err != nil {
		return nil, nil, err
	}
	a.Start()
	stop := func() error { return a.Stop(context.WithoutCancel(ctx)) }
	if !write {
		behind, err := a.CatchUp(ctx, foldPatience)
		if err == nil && behind > 0 {
			err = usageError("the facts are %d events behind the log and do not follow; see plimsoll doctor", behind)
		}
		if err != nil {
			return nil, nil, errors.Join(err, stop())
		}
	}
	c, err := client.New("http://127.0.0.1", client.Options{Transport: inProcess{a.Handler()}, Tries: 1})
	return c, stop, err
}

// readToken reads a token from a file, else from the environment. It may stand
// in no argument, where every user of the machine could read it.
func readToken(file string) (string, error) {
	if file == "" {
		return os.Getenv("PLIMSOLL_TOKEN"), nil
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return "", plimsoll.FieldErrorf("--token-file", "%v", err)
	}
	token := strings.TrimSpace(string(b))
	if token == "" {
		return "", plimsoll.FieldErrorf("--token-file", "%s is empty", file)
	}
	return token, nil
}

// inProcess carries requests to a handler of this process: a data folder
// answers through the same doors as a server.
type inProcess struct{ handler http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Host = "127.0.0.1"
	w := &answer{header: http.Header{}}
	p.handler.ServeHTTP(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err // nobody answers somebody who has gone
	}
	return &http.Response{
		StatusCode: max(w.status, http.StatusOK), Status: http.StatusText(w.status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.header, Body: io.NopCloser(&w.body), ContentLength: int64(w.body.Len()), Request: r,
	}, nil
}

type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }
func (a *answer) WriteHeader(status int)      { a.status = status }
