package gatewaytest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"smsflow/services/gateway/generic"
)

// Entry is a line of the ledger: one request that was received.
type Entry struct {
	N    int       `json:"n"` // from 1
	Time time.Time `json:"time"`
	// Message is what was received. After CutUnread it has nothing but the ID, from the header.
	generic.Message
	// Answered is the status ("200"), or Cut, Reset, CutUnread or Hang. It is written before it is done.
	Answered string `json:"answered"`
	// Sent: an SMS goes out by this request.
	Sent bool `json:"sent"`
	// Fault is what is wrong with the request: it was answered with 400. One whose sender died before the end of the
	// body counts too ("body: unexpected EOF").
	Fault string `json:"fault,omitempty"`
}

const ledgerMode = 0o600

// ReadLedger reads a ledger's file, also while it is written and after its writer was killed: a last line without its
// end is left out, since it was not synced and nothing was done about it.
func ReadLedger(path string) ([]Entry, error) {
	entries, _, err := readLedger(path)
	return entries, err
}

// readLedger also gives the length of the whole lines, in bytes.
func readLedger(path string) (entries []Entry, length int, err error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, 0, err
	}
	length = bytes.LastIndexByte(content, '\n') + 1
	for line := range bytes.Lines(content[:length]) {
		var e Entry
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, 0, fmt.Errorf("%s, line %d: %w", path, len(entries)+1, err)
		}
		entries = append(entries, e)
	}
	return entries, length, nil
}

// SMS counts the messages that went out, by id.
func SMS(entries []Entry) map[string]int {
	sent := map[string]int{}
	for _, e := range entries {
		if e.Sent {
			sent[e.ID]++
		}
	}
	return sent
}

// Requests gives the lines of one id.
func Requests(entries []Entry, id string) []Entry {
	var of []Entry
	for _, e := range entries {
		if e.ID == id {
			of = append(of, e)
		}
	}
	return of
}

// ledger keeps the lines, in memory and in the file if there is one. Requests that come at the same time share a sync.
type ledger struct {
	disk sync.Mutex // held while a batch is written
	file *os.File   // nil: in memory only

	mu      sync.Mutex
	last    int             // N of the last line
	sent    map[string]bool // ids
	entries []Entry         // on disk
	grew    chan struct{}   // closed at the next line
	batch   *batch          // waits for the disk
}

// batch are lines that are synced together.
type batch struct {
	entries []Entry
	done    bool
	err     error
}

func openLedger(path string) (*ledger, error) {
	l := &ledger{sent: map[string]bool{}, grew: make(chan struct{}), batch: &batch{}}
	if path == "" {
		return l, nil
	}
	entries, length, err := readLedger(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	l.file, err = os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, ledgerMode)
	if err != nil {
		return nil, err
	}
	if err := l.file.Truncate(int64(length)); err != nil {
		return nil, errors.Join(err, l.file.Close())
	}
	l.entries = entries
	for _, e := range entries {
		l.last = e.N
		l.sent[e.ID] = l.sent[e.ID] || e.Sent
	}
	return l, nil
}

// add decides whether an SMS goes out, fills in the rest of the line, and returns when it is synced. repeat: its id was
// sent before.
func (l *ledger) add(e *Entry, sends, dedupe bool) (repeat bool, err error) {
	// One lock for the decision and the place in the batch: a repetition is never on disk before what it repeats.
	l.mu.Lock()
	repeat = l.sent[e.ID]
	e.Sent = sends && (!repeat || !dedupe)
	l.sent[e.ID] = repeat || e.Sent
	l.last++
	e.N = l.last
	b := l.batch
	b.entries = append(b.entries, *e)
	l.mu.Unlock()

	// The first of the batch to get the disk writes it whole; the others find it done.
	l.disk.Lock()
	defer l.disk.Unlock()
	if b.done {
		return repeat, b.err
	}
	l.mu.Lock()
	l.batch = &batch{}
	l.mu.Unlock()
	b.done, b.err = true, l.write(b.entries)
	if b.err != nil {
		return repeat, b.err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = append(l.entries, b.entries...)
	close(l.grew)
	l.grew = make(chan struct{})
	return repeat, nil
}

func (l *ledger) write(entries []Entry) error {
	if l.file == nil {
		return nil
	}
	var lines bytes.Buffer
	for _, e := range entries {
		line, err := json.Marshal(e)
		if err != nil {
			return err
		}
		lines.Write(append(line, '\n'))
	}
	if _, err := l.file.Write(lines.Bytes()); err != nil {
		return err
	}
	return l.file.Sync()
}

// watch gives the lines so far, and what is closed when there are more.
func (l *ledger) watch() ([]Entry, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.entries), l.grew
}

func (l *ledger) all() []Entry {
	entries, _ := l.watch()
	return entries
}

func (l *ledger) close() error {
	l.disk.Lock()
	defer l.disk.Unlock()
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}
