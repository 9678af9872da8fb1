package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestARequestUnderWayIsFinishedWhenTheServerIsToldToEnd(t *testing.T) {
	data := t.TempDir()
	server := launch(t, data)
	address := strings.TrimPrefix(server.url, "http://")
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	body := `{"type":"deployment","id":"d1","service":"web","environment":"production","finished_at":"2024-03-24T10:00:00Z"}`
	// The server asks for the body once it works on the request.
	fmt.Fprintf(conn, "POST /api/v1/events HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", address, len(body))
	in := bufio.NewReader(conn)
	if line, err := in.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("%q, %v", line, err)
	}
	if _, err := in.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if err := server.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	refused(t, address)
	if _, err := io.WriteString(conn, body); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("status %d", resp.StatusCode)
	}
	if err := server.end(syscall.Signal(0)); err != nil { // one signal was enough
		t.Errorf("the server ends with %v: %s", err, server.errs.String())
	}
	if out := fine(t, "deployments", "--format", "csv", "--data", data); !strings.Contains(out, "d1") {
		t.Errorf("%s", out)
	}
}

// refused waits until nobody listens any more.
func refused(t *testing.T, address string) {
	t.Helper()
	for range 400 {
		c, err := net.Dial("tcp", address)
		if err != nil {
			return
		}
		c.Close()
		<-time.After(10 * time.Millisecond)
	}
	t.Fatal("the server goes on listening")
}
