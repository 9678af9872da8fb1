// Package client speaks to a Plimsoll server. It refuses to know anything of
// the server's inside: it holds what anybody else holds who uses the API.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// Client talks to one server. It is safe for concurrent use.
type Client struct {
	base  string
	token string
	http  *http.Client
	tries int
}

// Options tune a Client; the zero value is right for most.
type Options struct {
	Token     string
	Transport http.RoundTripper // http.DefaultTransport if nil
	Tries     int               // of a request that may be repeated, 6 if zero
}

// mostAnswer bounds what is read of an answer.
const mostAnswer = 256 << 20

// New returns a client of the server at base, like http://127.0.0.1:8080.
func New(base string, opt Options) (*Client, error) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, plimsoll.FieldErrorf("--server", "%q is no address of a server; expected http://HOST:PORT", base)
	}
	if opt.Tries == 0 {
		opt.Tries = 6
	}
	return &Client{
		base: strings.TrimSuffix(base, "/"), token: opt.Token, tries: opt.Tries,
		http: &http.Client{Transport: opt.Transport, Timeout: 2 * time.Minute},
	}, nil
}

// Receipt says what became of events: how many were new, how many were there
// already, and the position in the log that includes them.
type Receipt struct {
	Accepted   int   `json:"accepted"`
	Duplicates int   `json:"duplicates"`
	Position   int64 `json:"position"`
}

// Send hands in events, one JSON object each, and returns when they are
// durable. A server that is busy or away is asked again with growing pauses;
// that is safe, since events that arrived are recognised.
func (c *Client) Send(ctx context.Context, events []json.RawMessage) (Receipt, error) {
	var body bytes.Buffer
	for _, e := range events {
		body.Write(e)
		body.WriteByte('\n')
	}
	var out Receipt
	return out, c.do(ctx, http.MethodPost, "/api/v1/events", body.Bytes(), &out)
}

// Get asks a path with parameters and decodes the answer into out. An out of
// type *[]byte gets it as it came.
func (c *Client) Get(ctx context.Context, path string, params url.Values, out any) error {
	if len(params) > 0 {
		path += "?" + params.Encode()
	}
	return c.do(ctx, http.MethodGet, path, nil, out)
}

// Post sends in as one JSON object and decodes the answer into out. It is tried
// again like Send, so in must say all that makes a repetition recognisable.
func (c *Client) Post(ctx context.Context, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	return c.do(ctx, http.MethodPost, path, body, out)
}

func (c *Client) do(ctx context.Context, method, path string, body []byte, out any) error {
	pause := 250 * time.Millisecond
	for try := 1; ; try++ {
		again, err := c.once(ctx, method, path, body, out)
		if err == nil || !again || try >= c.tries {
			return err
		}
		wait := time.NewTimer(pause + rand.N(pause))
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return ctx.Err()
		}
		pause = min(2*pause, 8*time.Second)
	}
}

// once makes one request; again says whether another try may help.
func (c *Client) once(ctx context.Context, method, path string, body []byte, out any) (again bool, err error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/x-ndjson")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	switch {
	case err != nil && ctx.Err() != nil:
		return false, ctx.Err()
	case err != nil:
		return true, plimsoll.Errorf(plimsoll.CodeUnavailable, "no answer from %s (%v); is the server running?", c.base, reason(err))
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer))
	if err != nil {
		return true, plimsoll.Errorf(plimsoll.CodeUnavailable, "the answer of %s broke off (%v)", c.base, err)
	}
	if resp.StatusCode/100 != 2 {
		return resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= 502, decodeError(resp, answer)
	}
	if b, ok := out.(*[]byte); ok {
		*b = answer
		return false, nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return false, plimsoll.Errorf(plimsoll.CodeInternal, "%s answered something that is not JSON; is it a Plimsoll server?", c.base)
	}
	return false, nil
}

// reason is the innermost word on why there was no answer: the address and the
// method stand in the message already.
func reason(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	var whole *url.Error
	if errors.As(err, &whole) {
		return whole.Err
	}
	return err
}

// decodeError turns an error answer back into the error it was.
func decodeError(resp *http.Response, answer []byte) error {
	var body struct {
		Error struct {
			Code    plimsoll.Code `json:"code"`
			Message string        `json:"message"`
			Field   string        `json:"field"`
			Index   *int          `json:"index"`
		} `json:"error"`
	}
	if json.Unmarshal(answer, &body) != nil || body.Error.Code == "" {
		return plimsoll.Errorf(plimsoll.CodeInternal, "%s answered %s; is it a Plimsoll server?", resp.Request.URL.Host, resp.Status)
	}
	e := plimsoll.Errorf(body.Error.Code, "%s", strings.TrimPrefix(body.Error.Message, body.Error.Field+": "))
	e.Field = body.Error.Field
	if body.Error.Index != nil {
		e.Index = *body.Error.Index
	}
	return e
}
