package app

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"

	"smsflow/services/flow"
)

// Secrets seals what is stored but must not be readable in the database, such as assistants' keys. It implements
// workflow.Sealer and router.Opener. A sealed secret opens only for the tenant and the field that it was sealed for:
// moved to another row it is worthless.
type Secrets struct {
	aead tink.AEAD
}

// associated binds a sealed secret to its place. A tenant's id holds no NUL, so no two places give the same bytes.
func associated(tenant flow.TenantID, field string) []byte {
	return []byte(string(tenant) + "\x00" + field)
}

// Seal encrypts a secret; see workflow.Sealer.
func (s *Secrets) Seal(tenant flow.TenantID, field string, secret flow.Secret) ([]byte, error) {
	sealed, err := s.aead.Encrypt([]byte(secret.Reveal()), associated(tenant, field))
	if err != nil {
		return nil, fmt.Errorf("seal %s: %w", field, err)
	}
	return sealed, nil
}

// Open decrypts a secret; see router.Opener. It fails for what was sealed for another place or with other keys.
func (s *Secrets) Open(tenant flow.TenantID, field string, sealed []byte) (flow.Secret, error) {
	secret, err := s.aead.Decrypt(sealed, associated(tenant, field))
	if err != nil {
		return "", fmt.Errorf("open %s: it was sealed for another place or with other keys: %w", field, err)
	}
	return flow.Secret(secret), nil
}

// openSecrets takes the keys from the configuration if it has them, else from the data folder, where they are made
// when the first server starts.
func openSecrets(c *Config) (*Secrets, error) {
	if c.SecretKeyset != "" {
		handle, err := parseKeyset(c.SecretKeyset)
		if err != nil {
			return nil, fmt.Errorf("--secret-keyset (SMSFLOW_SECRET_KEYSET): %w", err)
		}
		return newSecrets(handle)
	}
	file := c.File(keysetFile)
	raw, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		raw, err = makeKeyset(file)
	}
	if err != nil {
		return nil, fmt.Errorf("keys of the stored secrets: %w", err)
	}
	handle, err := readKeyset(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return newSecrets(handle)
}

func newSecrets(handle *keyset.Handle) (*Secrets, error) {
	a, err := aead.New(handle)
	if err != nil {
		return nil, fmt.Errorf("keys of the stored secrets: %w", err)
	}
	return &Secrets{aead: a}, nil
}

// errKeyset tells no more: the parser's own text may repeat a part of the keys.
var errKeyset = errors.New("is not a Tink keyset with AEAD keys in JSON: use the file secrets.keyset that the first start made, or a copy of it")

func parseKeyset(encoded string) (*keyset.Handle, error) {
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, errors.New("is not base64: encode the file secrets.keyset with base64 -w0")
	}
	return readKeyset(raw)
}

func readKeyset(raw []byte) (*keyset.Handle, error) {
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(raw)))
	if err != nil {
		return nil, errKeyset
	}
	if _, err := aead.New(handle); err != nil {
		return nil, errKeyset
	}
	return handle, nil
}

// makeKeyset writes a new keyset. If another process has made one meanwhile, that one counts.
func makeKeyset(file string) ([]byte, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, err
	}
	var raw bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&raw)); err != nil {
		return nil, err
	}
	if err := writeNew(file, raw.Bytes()); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return os.ReadFile(file)
}

// privateMode is the mode of files that hold secrets: their owner alone may read them.
const privateMode = 0o600

// writeNew writes a file that must not exist yet, whole and durable, or not at all. fs.ErrExist: it is there.
func writeNew(file string, content []byte) error {
	return place(file, content, os.Link)
}

// writePrivate writes or replaces a file that its owner alone may read.
func writePrivate(file string, content []byte) error {
	return place(file, content, os.Rename)
}

// place writes a temporary file, and puts it in its place when it is on the disk.
func place(file string, content []byte, put func(from, to string) error) error {
	f, err := os.CreateTemp(filepath.Dir(file), ".new-*") // its mode is 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone already if it was renamed
	_, err = f.Write(content)
	if err := errors.Join(err, f.Chmod(privateMode), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := put(f.Name(), file); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(file))
}

// syncFolder makes a new name in a folder durable.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
