//go:build linux

package faulttest

import (
	"bufio"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lib/pq"
)

const (
	tracedAcks = 50
	// maxTraceLine is the length of a line of strace with a page of the database in it, escaped.
	maxTraceLine = 1 << 16
)

// TestSyncBeforeAck watches the product's system calls: between the write of a message to the database's log and the
// write of its acknowledgement to the network the log has been synced.
func TestSyncBeforeAck(t *testing.T) {
	t.Parallel()
	synced, acks := traced(t, rounds(t, tracedAcks))
	if synced != acks {
		t.Errorf("%d of %d acknowledgements came after a sync", synced, acks)
	}
	t.Logf("%d of %d acknowledgements came after a sync", synced, acks)
}

// TestSyncPostgres: a PostgreSQL that acknowledges before it syncs is refused.
func TestSyncPostgres(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{database: postgresDB})
	p := w.products[0]
	for _, c := range []struct {
		setting string
		starts  bool
	}{{"off", false}, {"on", true}} {
		w.execute(`DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = ` + c.setting + `', current_database()); END $$`)
		p.start()
		if c.starts {
			w.want(resumeLimit, "the product answers", func() bool { _, err := w.listed(0); return err == nil })
			continue
		}
		if !p.ended(resumeLimit) || p.cmd.ProcessState.Success() || !strings.Contains(p.tail(), "synchronous_commit") {
			t.Errorf("it starts with synchronous_commit %s: %s", c.setting, p.tail())
			p.kill()
		}
	}
}

// traced submits that many messages to a product whose system calls are written down, and gives how many of the
// acknowledgements came after a sync.
func traced(t *testing.T, count int, env ...string) (synced, acks int) {
	t.Helper()
	w := newWorld(t, options{database: sqliteDB})
	p := w.products[0]
	trace := filepath.Join(t.TempDir(), "trace")
	path, err := binary()
	w.must(err)
	// -D: the product stays the child of this process, strace is beside it.
	p.launch(append([]string{
		"strace", "-D", "-f", "-y", "-s", "4096", "-e", "trace=pwrite64,write,writev,sendmsg,fsync,fdatasync", "-e", "signal=none", "-o", trace, path,
	}, p.args...), env)
	w.want(resumeLimit*3, "the product answers", func() bool { _, err := w.listed(0); return err == nil })
	for range count {
		w.submit(t.Context(), w.contacts.next().message(wordQuiet), 0)
	}
	p.terminate(stopLimit)
	w.want(resumeLimit, "strace ends", func() bool {
		text, err := os.ReadFile(trace)
		return err == nil && strings.HasSuffix(string(text), "+++ exited with 0 +++\n") && strings.Count(string(text), "+++ exited") > 3
	})
	messages, _ := readDriver(new(verdict), w.ledger.lines())
	for _, m := range messages {
		if m.acks != 1 {
			t.Fatalf("%q is acknowledged %d times", m.Body, m.acks)
		}
		if syncedBefore(t, trace, m) {
			synced++
		}
	}
	return synced, len(messages)
}

// syncedBefore finds a message in a trace: first a write to the log with the body in it, then a whole sync of the log,
// then a write to a socket with the id in it.
func syncedBefore(t *testing.T, trace string, m *asked) bool {
	t.Helper()
	f, err := os.Open(trace)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const log = ".db-wal>"
	written, synced := false, false
	syncing := map[string]bool{} // threads whose sync of the log began after the write
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, maxTraceLine)
	for lines.Scan() {
		line := lines.Text()
		thread, call, _ := strings.Cut(line, " ")
		call = strings.TrimSpace(call)
		switch {
		case strings.HasPrefix(call, "pwrite64(") && strings.Contains(call, log):
			written = written || strings.Contains(call, m.Body)
		case strings.HasPrefix(call, "fsync(") || strings.HasPrefix(call, "fdatasync("):
			if written && strings.Contains(call, log) {
				synced = synced || strings.HasSuffix(call, " = 0")
				syncing[thread] = true
			}
		case strings.HasPrefix(call, "<... fsync") || strings.HasPrefix(call, "<... fdatasync"):
			synced = synced || syncing[thread] && strings.HasSuffix(call, " = 0")
			delete(syncing, thread)
		case strings.Contains(call, "<socket:") && strings.Contains(call, m.Inbound):
			return synced
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	t.Fatalf("the acknowledgement of %q as %s is not in the trace; written %t, synced %t", m.Body, m.Inbound, written, synced)
	return false
}

// execute runs a statement against the world's PostgreSQL.
func (w *world) execute(statement string) {
	w.Helper()
	connector, err := pq.NewConnector(w.url)
	w.must(err)
	db := sql.OpenDB(connector)
	defer db.Close()
	_, err = db.ExecContext(w.Context(), statement)
	w.must(err)
}
