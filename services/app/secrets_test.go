package app

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"smsflow/services/flow"
)

func testSecrets(t *testing.T, dir string) *Secrets {
	t.Helper()
	s, err := openSecrets(&Config{StoreConfig: StoreConfig{Data: dir}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSecretsStayInTheirPlace: a sealed secret that is moved to another tenant or field does not open.
func TestSecretsStayInTheirPlace(t *testing.T) {
	t.Parallel()
	s := testSecrets(t, t.TempDir())
	field := flow.APIKeyField("a1")
	sealed, err := s.Seal("t1", field, "sk-planted")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(sealed), "sk-planted") {
		t.Error("the secret stands in what is stored")
	}
	if got, err := s.Open("t1", field, sealed); err != nil || got.Reveal() != "sk-planted" {
		t.Errorf("Open = %q, %v", got.Reveal(), err)
	}
	again, err := s.Seal("t1", field, "sk-planted")
	if err != nil || string(again) == string(sealed) {
		t.Errorf("the same secret sealed twice gives the same bytes (%v)", err)
	}
	for _, c := range []struct {
		name   string
		tenant flow.TenantID
		field  string
		sealed []byte
	}{
		{"another tenant", "t2", field, sealed},
		{"another assistant", "t1", flow.APIKeyField("a2"), sealed},
		{"the border between tenant and field moved", "t1\x00assistant", "a1/api_key", sealed},
		{"a changed byte", "t1", field, append([]byte{sealed[0] ^ 1}, sealed[1:]...)},
		{"cut", "t1", field, sealed[:len(sealed)-1]},
		{"empty", "t1", field, nil},
	} {
		got, err := s.Open(c.tenant, c.field, c.sealed)
		if err == nil || got != "" {
			t.Errorf("%s: it opens", c.name)
		} else if strings.Contains(err.Error(), "sk-planted") {
			t.Errorf("%s: the error tells the secret: %v", c.name, err)
		}
	}
	if _, err := testSecrets(t, t.TempDir()).Open("t1", field, sealed); err == nil {
		t.Error("it opens with other keys")
	}
}

// TestKeysetFile: the keys are made once, for their owner alone, and kept.
func TestKeysetFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	sealed := make([][]byte, 4)
	var group sync.WaitGroup
	for i := range sealed {
		group.Go(func() {
			s, err := openSecrets(&Config{StoreConfig: StoreConfig{Data: dir}})
			if err == nil {
				sealed[i], err = s.Seal("t1", "f", "x")
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	info, err := os.Stat(filepath.Join(dir, keysetFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	later := testSecrets(t, dir)
	for _, s := range sealed {
		if _, err := later.Open("t1", "f", s); err != nil {
			t.Errorf("servers that started together have different keys: %v", err)
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".new-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}

	// The same keys by the variable, as a second replica has them.
	raw, err := os.ReadFile(filepath.Join(dir, keysetFile))
	if err != nil {
		t.Fatal(err)
	}
	replica, err := openSecrets(&Config{
		StoreConfig: StoreConfig{Data: t.TempDir()}, SecretKeyset: base64.StdEncoding.EncodeToString(raw),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := replica.Open("t1", "f", sealed[0]); err != nil {
		t.Errorf("a replica with the same keys cannot open: %v", err)
	}
}

func TestBadKeyset(t *testing.T) {
	t.Parallel()
	for name, encoded := range map[string]string{
		"not base64":    "%%%planted%%%",
		"not a keyset":  base64.StdEncoding.EncodeToString([]byte(`{"planted":1}`)),
		"an empty one":  base64.StdEncoding.EncodeToString([]byte(`{"primaryKeyId":1,"key":[]}`)),
		"nothing in it": base64.StdEncoding.EncodeToString(nil) + "====",
	} {
		_, err := openSecrets(&Config{SecretKeyset: encoded})
		if err == nil || !strings.Contains(err.Error(), "SMSFLOW_SECRET_KEYSET") || strings.Contains(err.Error(), "planted") {
			t.Errorf("%s: %v", name, err)
		}
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, keysetFile), []byte("planted"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := openSecrets(&Config{StoreConfig: StoreConfig{Data: dir}})
	if err == nil || !strings.Contains(err.Error(), keysetFile) || strings.Contains(err.Error(), "planted") {
		t.Errorf("a broken file: %v", err)
	}
}
