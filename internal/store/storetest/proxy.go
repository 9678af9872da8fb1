package storetest

import (
	"bytes"
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
)

// Proxy stands between a store and its database, and can come between them.
type Proxy struct {
	socket   string // of the database
	address  string
	listener net.Listener

	mu     sync.Mutex
	pairs  map[*pair]bool
	free   chan struct{} // closed while everything is forwarded
	cut    []byte        // the next answer that holds it is not given; nil for none
	onCut  chan struct{}
	closed bool
}

// pair is one connection through the proxy.
type pair struct{ client, server net.Conn }

func (p *pair) close() {
	// What was not sent yet is thrown away, and the other side hears a reset.
	for _, c := range []net.Conn{p.client, p.server} {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = c.Close()
	}
}

// NewProxy puts a proxy before a database that Postgres or Own gave.
func NewProxy(tb testing.TB, database string) *Proxy {
	tb.Helper()
	u, err := url.Parse(database)
	if err != nil {
		tb.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	q := u.Query()
	p := &Proxy{socket: filepath.Join(q.Get("host"), ".s.PGSQL."+q.Get("port")), listener: l, pairs: map[*pair]bool{}, free: make(chan struct{})}
	close(p.free)
	q.Del("host")
	q.Del("port")
	u.Host, u.RawQuery = l.Addr().String(), q.Encode()
	p.address = u.String()
	go p.accept()
	tb.Cleanup(p.end)
	return p
}

// Address is the database through the proxy.
func (p *Proxy) Address() string { return p.address }

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		go p.serve(client)
	}
}

func (p *Proxy) serve(client net.Conn) {
	<-p.freed()
	server, err := net.Dial("unix", p.socket)
	if err != nil {
		_ = client.Close()
		return
	}
	both := &pair{client, server}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		both.close()
		return
	}
	p.pairs[both] = true
	p.mu.Unlock()
	go p.copy(both, server, client, false)
	p.copy(both, client, server, true)
}

func (p *Proxy) freed() chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.free
}

// copy forwards one direction until either side ends.
func (p *Proxy) copy(both *pair, to, from net.Conn, answers bool) {
	defer p.forget(both)
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		<-p.freed()
		if answers && p.cutHere(buf[:n]) {
			return
		}
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (p *Proxy) cutHere(answer []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cut == nil || !bytes.Contains(answer, p.cut) {
		return false
	}
	p.cut = nil
	close(p.onCut)
	return true
}

func (p *Proxy) forget(both *pair) {
	p.mu.Lock()
	delete(p.pairs, both)
	p.mu.Unlock()
	both.close()
}

// Stall stops to forward, in both directions, and closes nothing: as when the
// network swallows everything.
func (p *Proxy) Stall() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.free:
		p.free = make(chan struct{})
	default: // stalled already
	}
}

// Flow forwards again, also what came meanwhile.
func (p *Proxy) Flow() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.free:
	default:
		close(p.free)
	}
}

// Reset ends all connections with a reset.
func (p *Proxy) Reset() {
	p.mu.Lock()
	pairs := p.pairs
	p.pairs = map[*pair]bool{}
	p.mu.Unlock()
	for both := range pairs {
		both.close()
	}
}

// CutAtCommit ends the connection on which the next transaction is committed,
// after the database has done it and before the one who asked hears of it. The
// channel is closed when that has happened.
func (p *Proxy) CutAtCommit() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut, p.onCut = []byte("COMMIT\x00"), make(chan struct{}) // the tag of its answer
	return p.onCut
}

func (p *Proxy) end() {
	_ = p.listener.Close()
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.Flow()
	p.Reset()
}
