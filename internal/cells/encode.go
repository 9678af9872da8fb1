package cells

import (
	"bufio"
	"encoding/binary"
	"hash"
	"hash/crc32"
	"io"
	"os"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// encoder writes numbers, strings and columns one after the other, and counts their checksum.
type encoder struct {
	w   *bufio.Writer
	sum hash.Hash32
	err error
	buf []byte
}

func newEncoder(w io.Writer) *encoder {
	sum := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	return &encoder{w: bufio.NewWriterSize(io.MultiWriter(w, sum), 1<<18), sum: sum}
}

func (e *encoder) write(b []byte) {
	if e.err == nil {
		_, e.err = e.w.Write(b)
	}
}

func (e *encoder) int(n int64) { e.write(binary.LittleEndian.AppendUint64(e.buf[:0], uint64(n))) }

func (e *encoder) string(s string) {
	e.int(int64(len(s)))
	e.write([]byte(s))
}

func (e *encoder) strings(list []string) {
	e.int(int64(len(list)))
	for _, s := range list {
		e.string(s)
	}
}

func (e *encoder) bytes(b []byte) {
	e.int(int64(len(b)))
	e.write(b)
}

func (e *encoder) seconds(list []uint32) {
	e.int(int64(len(list)))
	for _, v := range list {
		e.buf = binary.LittleEndian.AppendUint32(e.buf[:0], v)
		e.write(e.buf)
	}
}

func (e *encoder) micros(list []int64) {
	e.int(int64(len(list)))
	for _, v := range list {
		e.int(v)
	}
}

func encodeShorts[T ~uint16](e *encoder, list []T) {
	e.int(int64(len(list)))
	for _, v := range list {
		e.buf = binary.LittleEndian.AppendUint16(e.buf[:0], uint16(v))
		e.write(e.buf)
	}
}

func (e *encoder) column(c *column) {
	e.seconds(c.seconds)
	e.micros(c.micros)
}

func (e *encoder) run(r *metric.Run) {
	if r == nil {
		e.seconds(nil)
		e.micros(nil)
		return
	}
	e.seconds(r.Seconds())
	e.micros(r.Micros())
}

// finish writes the checksum of everything before it.
func (e *encoder) finish() error {
	if e.err == nil {
		e.err = e.w.Flush()
	}
	e.int(int64(e.sum.Sum32()))
	if e.err == nil {
		e.err = e.w.Flush()
	}
	return e.err
}

// decoder reads what an encoder wrote. After the first trouble it gives zeros, and bad is set.
type decoder struct {
	b   []byte
	bad bool
}

// checked takes off the checksum, and reports whether it is right.
func checked(b []byte) (*decoder, bool) {
	if len(b) < 8 {
		return nil, false
	}
	body := b[:len(b)-8]
	sum := crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli))
	return &decoder{b: body}, binary.LittleEndian.Uint64(b[len(body):]) == uint64(sum)
}

func (d *decoder) take(n int) []byte {
	if d.bad || n < 0 || n > len(d.b) {
		d.bad = true
		return nil
	}
	out := d.b[:n]
	d.b = d.b[n:]
	return out
}

func (d *decoder) int() int64 {
	if b := d.take(8); b != nil {
		return int64(binary.LittleEndian.Uint64(b))
	}
	return 0
}

// length reads how many things of some size follow.
func (d *decoder) length(size int) int {
	n := d.int()
	if n < 0 || n > int64(len(d.b)/size) {
		d.bad = true
		return 0
	}
	return int(n)
}

func (d *decoder) string() string { return string(d.take(d.length(1))) }

func (d *decoder) strings() []string {
	n := d.length(8)
	if n == 0 {
		return nil
	}
	out := make([]string, n)
	for i := range out {
		out[i] = d.string()
	}
	return out
}

func (d *decoder) bytes() []byte {
	n := d.length(1)
	if n == 0 {
		return nil
	}
	return append([]byte(nil), d.take(n)...)
}

func (d *decoder) seconds() []uint32 {
	n := d.length(4)
	if n == 0 {
		return nil
	}
	out, b := make([]uint32, n), d.take(4*n)
	for i := range out {
		out[i] = binary.LittleEndian.Uint32(b[4*i:])
	}
	return out
}

func (d *decoder) micros() []int64 {
	n := d.length(8)
	if n == 0 {
		return nil
	}
	out := make([]int64, n)
	for i := range out {
		out[i] = d.int()
	}
	return out
}

func decodeShorts[T ~uint16](d *decoder) []T {
	n := d.length(2)
	if n == 0 {
		return nil
	}
	out, b := make([]T, n), d.take(2*n)
	for i := range out {
		out[i] = T(binary.LittleEndian.Uint16(b[2*i:]))
	}
	return out
}

func (d *decoder) column() column { return column{seconds: d.seconds(), micros: d.micros()} }

func (d *decoder) run() *metric.Run {
	seconds, micros := d.seconds(), d.micros()
	switch {
	case seconds != nil:
		return metric.RunOfSeconds(seconds).Tabled()
	case micros != nil:
		return metric.NewRun(micros).Tabled()
	}
	return nil
}

// writeFile puts a file in its place in one step: there is the old one or the new one, whatever happens.
func writeFile(path string, write func(io.Writer) error) (err error) {
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
