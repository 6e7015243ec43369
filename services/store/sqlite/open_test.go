package sqlite_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"smsflow/services/flow"
	"smsflow/services/store/sqlite"
)

func TestFilesAreTheOwnersAlone(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a folder", "with 100% odd #signs?")
	s, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := map[string]os.FileMode{"": 0o700, "smsflow.db": 0o600, "smsflow.db-wal": 0o600, "smsflow.db-shm": 0o600, "smsflow.lock": 0o600}
	for name, mode := range want {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
		} else if info.Mode().Perm() != mode {
			t.Errorf("%q has mode %o, want %o", name, info.Mode().Perm(), mode)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestOneProcessAtATime(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	tenant := flow.Tenant{ID: "t", Name: "Rosenhof", CreatedAt: time.UnixMicro(1).UTC(), ConfigVersion: 1}
	if err := s.CreateTenant(t.Context(), tenant); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), dir, sqlite.Options{}); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Fatalf("a second one: got %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer shut(t, again)
	if got, err := again.Tenant(t.Context(), "t"); err != nil || got.Name != "Rosenhof" {
		t.Fatalf("after a restart: %+v, %v", got, err)
	}
}

// TestReadyMissesItsFile: a server whose database was deleted or replaced must not take messages.
func TestReadyMissesItsFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer shut(t, s)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "smsflow.db")
	ready := func(want bool, what string) {
		t.Helper()
		if err := s.Ready(t.Context()); (err == nil) != want {
			t.Errorf("%s: %v", what, err)
		}
	}
	ready(true, "as it was opened")
	if err := os.Rename(file, file+".away"); err != nil {
		t.Fatal(err)
	}
	ready(false, "deleted")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	ready(false, "replaced")
	if err := os.Rename(file+".away", file); err != nil {
		t.Fatal(err)
	}
	ready(true, "put back")
}

func TestFileThatIsNoDatabaseIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "smsflow.db"), []byte(strings.Repeat("not a database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), dir, sqlite.Options{}); err == nil {
		t.Fatal("it was opened")
	}
	// The lock is given back.
	if err := os.Remove(filepath.Join(dir, "smsflow.db")); err != nil {
		t.Fatal(err)
	}
	s, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
