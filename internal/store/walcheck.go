package store

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// The format of a log of writes: a header, and frames of a page each with a
// header of their own. Every frame has a checksum over itself and all before
// it, and the salt of its log, so that frames of an older one are told apart.
// https://www.sqlite.org/fileformat2.html#walformat
const (
	walHeader   = 32
	frameHeader = 24
	walMagic    = 0x377f0682 // the last bit says in which order the words of a checksum are read
)

type walSum [2]uint32

// over continues a checksum. A start waits for this, so there is a loop for
// each order rather than a call for each word.
func (s walSum) over(big bool, b []byte) walSum {
	x, y := s[0], s[1]
	if big {
		for ; len(b) >= 8; b = b[8:] {
			x += binary.BigEndian.Uint32(b) + y
			y += binary.BigEndian.Uint32(b[4:]) + x
		}
		return walSum{x, y}
	}
	for ; len(b) >= 8; b = b[8:] {
		x += binary.LittleEndian.Uint32(b) + y
		y += binary.LittleEndian.Uint32(b[4:]) + x
	}
	return walSum{x, y}
}

func readSum(b []byte) walSum {
	return walSum{binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])}
}

// lookAtWAL finds damage in a log of writes. SQLite takes a frame with a wrong
// checksum for the end of the log, which after a power cut it is: the last
// commit was under way. But a commit is on disk before the next is written. So
// a wrong frame that has a commit behind it, and more of the same log behind
// that, was right once, and what SQLite would drop was acknowledged. Frames of
// an older log have another salt and are never right.
func lookAtWAL(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, 1<<20)
	head := make([]byte, walHeader)
	if _, err := io.ReadFull(in, head); err != nil {
		return nil // shorter than a header: nothing was committed to it
	}
	if allZero(head) {
		return nil // it never reached the disk, and nothing after it was synced
	}
	magic := binary.BigEndian.Uint32(head)
	big := magic&1 == 1
	page := int(binary.BigEndian.Uint32(head[8:]))
	if magic&^1 != walMagic || page < 512 || page > 1<<16 || page&(page-1) != 0 || readSum(head[24:]) != (walSum{}).over(big, head[:24]) {
		return fmt.Errorf("the head of %s is damaged: what was written last cannot be told", path)
	}
	salt := string(head[16:24])
	sum := readSum(head[24:])
	frame := make([]byte, frameHeader+page)
	wrong, committed := 0, false // the first wrong frame; a commit stands behind it
	for n := 1; ; n++ {
		if _, err := io.ReadFull(in, frame); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		} else if err != nil {
			return err
		}
		stored := readSum(frame[16:])
		right := string(frame[8:16]) == salt && stored == sum.over(big, frame[:8]).over(big, frame[frameHeader:])
		switch {
		case wrong == 0 && !right:
			wrong = n
		case wrong == 0:
		case right && committed:
			return fmt.Errorf("%s is damaged at write %d, and commits stand behind it: they were acknowledged and would be lost", path, wrong)
		case right && binary.BigEndian.Uint32(frame[4:]) != 0:
			committed = true
		case !right:
			committed = false
		}
		// What follows was summed up from what this frame says of itself.
		sum = stored
	}
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
