package history

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

// logFormat makes each commit of git log start with an empty field: no other
// field of a commit before its message ends the record that way, and no path
// is empty, so that paths need no count.
const logFormat = "--format=tformat:%x00%H%x00%P%x00%at%x00%ct%x00%ae%x00%an%x00%B%x00"

// Fields longer than this are cut: they are messages and paths of strangers.
const logFieldBytes = 64 << 10

// logEntry is a commit as git prints it.
type logEntry struct {
	sha, parents        string
	authored, committed string
	email, name         string
	message             string
	paths               []string // directories, see touched
}

// logReader reads the output of git log -z with logFormat, with or without
// --name-only, holding one commit at a time.
type logReader struct {
	r    *bufio.Reader
	open bool // the empty field that starts a record was read
	buf  []byte
}

func newLogReader(r io.Reader) *logReader {
	return &logReader{r: bufio.NewReaderSize(r, 256<<10)}
}

// next returns the next commit, or io.EOF.
func (l *logReader) next() (logEntry, error) {
	var e logEntry
	if !l.open {
		start, err := l.field()
		if err != nil {
			return e, err
		}
		if start != "" {
			return e, fmt.Errorf("unexpected output %.40q", start)
		}
	}
	l.open = false
	for _, to := range []*string{&e.sha, &e.parents, &e.authored, &e.committed, &e.email, &e.name, &e.message} {
		var err error
		if *to, err = l.field(); err != nil {
			return e, cutOff(err)
		}
	}
	if !isSHA(e.sha) {
		return e, fmt.Errorf("unexpected commit name %.40q", e.sha)
	}
	if end, err := l.field(); err != nil {
		return e, cutOff(err)
	} else if end != "" {
		return e, fmt.Errorf("commit %s: unexpected output %.40q", e.sha, end)
	}
	var dirs touched
	for first := true; ; first = false {
		path, err := l.field()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return e, err
		}
		if path == "" {
			l.open = true
			break
		}
		if first { // git puts an empty line between a message and its paths
			path = strings.TrimPrefix(path, "\n")
		}
		dirs.add(path)
	}
	e.paths = dirs.list()
	return e, nil
}

// field reads up to the next NUL. The end of the input in the middle of a
// field is io.ErrUnexpectedEOF.
func (l *logReader) field() (string, error) {
	l.buf = l.buf[:0]
	for {
		part, err := l.r.ReadSlice(0)
		if n := min(len(part), logFieldBytes+1-len(l.buf)); n > 0 {
			l.buf = append(l.buf, part[:n]...)
		}
		switch {
		case err == nil:
			if n := len(l.buf); n > 0 && l.buf[n-1] == 0 {
				return string(l.buf[:n-1]), nil
			}
			return string(l.buf), nil // cut
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && len(l.buf) > 0:
			return "", io.ErrUnexpectedEOF
		default:
			return "", err
		}
	}
}

func cutOff(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// isSHA reports whether s is the full name of an object.
func isSHA(s string) bool { return (len(s) == 40 || len(s) == 64) && isHex(s) }

func isHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return s != ""
}
