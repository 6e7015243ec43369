//go:build linux

package faulttest

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// deed is what a line of the driver's ledger tells of.
type deed string

const (
	submitted deed = "submitted" // for the first time, or again: it is written before the call
	acked     deed = "acked"
)

// line is one line of the driver's ledger.
type line struct {
	Deed    deed      `json:"deed"`
	Time    time.Time `json:"time"`
	ID      string    `json:"id"` // the gateway's own id of the message
	From    string    `json:"from"`
	To      string    `json:"to"`
	Body    string    `json:"body"`
	Gateway int       `json:"gateway"` // whose connection it came in by
	// Inbound and Duplicate are what was acknowledged.
	Inbound   string `json:"inbound,omitempty"`
	Duplicate bool   `json:"duplicate,omitempty"`
}

// ledger is what the driver knows. An acknowledgement is on disk before anybody goes by it.
type ledger struct {
	tb   testing.TB
	path string

	disk   sync.Mutex // held while the file is synced
	synced int        // lines

	mu      sync.Mutex
	file    *os.File
	written int
	acks    int
}

func newLedger(tb testing.TB) *ledger {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "driver")
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = file.Close() })
	return &ledger{tb: tb, path: path, file: file}
}

// add writes a line; an acknowledgement is synced too.
func (l *ledger) add(e line) {
	text, err := json.Marshal(e)
	if err != nil {
		l.tb.Errorf("ledger: %v", err)
		return
	}
	l.mu.Lock()
	_, err = l.file.Write(append(text, '\n'))
	l.written++
	mine := l.written
	l.mu.Unlock()
	if err == nil && e.Deed == acked {
		err = l.sync(mine)
	}
	if err != nil {
		l.tb.Errorf("ledger: %v", err)
		return
	}
	if e.Deed == acked {
		l.mu.Lock()
		l.acks++
		l.mu.Unlock()
	}
}

// sync returns when that many lines are on disk. Those who come together share a sync.
func (l *ledger) sync(lines int) error {
	l.disk.Lock()
	defer l.disk.Unlock()
	if l.synced >= lines {
		return nil
	}
	l.mu.Lock()
	written := l.written
	l.mu.Unlock()
	if err := l.file.Sync(); err != nil {
		return err
	}
	l.synced = written
	return nil
}

// count is how many acknowledgements there are.
func (l *ledger) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.acks
}

// lines reads the file.
func (l *ledger) lines() []line {
	l.tb.Helper()
	content, err := os.ReadFile(l.path)
	if err != nil {
		l.tb.Fatal(err)
	}
	var list []line
	for text := range bytes.Lines(content[:bytes.LastIndexByte(content, '\n')+1]) {
		var e line
		if err := json.Unmarshal(text, &e); err != nil {
			l.tb.Fatalf("ledger: %v: %s", err, text)
		}
		list = append(list, e)
	}
	return list
}
