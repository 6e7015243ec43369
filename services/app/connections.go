package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"time"
	"unicode/utf8"

	"smsflow/services/flow"
)

// Limits of a connection that is set by hand.
const (
	maxConnectionID   = 64
	maxConnectionName = 80
	maxConnectionURL  = 2000
	// minConnectionSecret and maxConnectionSecret bound the secret that signs webhooks, in bytes: with fewer than 16 a
	// signature could be guessed.
	minConnectionSecret = 16
	maxConnectionSecret = 1000
)

// ConnectionSettings are a gateway connection as an operator sets it.
type ConnectionSettings struct {
	Tenant   string
	ID       string
	Name     string // empty: as it is, or the id
	Delivery string
	URL      string
	// Secret signs what is posted to URL; empty: the one that is stored.
	Secret  flow.Secret
	Dedupes bool
}

// SetSecret sets the secret.
func (s *ConnectionSettings) SetSecret(secret string) { s.Secret = flow.Secret(secret) }

// Connections sets and lists gateway connections, on the database itself.
type Connections struct {
	StoreConfig

	SecretKeyset string
}

// Set makes a connection or replaces the one with its id. A running server goes by it from the next message on.
func (c *Connections) Set(ctx context.Context, s ConnectionSettings) error {
	if err := s.verify(); err != nil {
		return err
	}
	store, err := c.openMigrated(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	all, err := store.Connections(ctx, flow.TenantID(s.Tenant))
	if err != nil {
		return fmt.Errorf("read the tenant's connections: %w", err)
	}
	conn := flow.Connection{
		Tenant: flow.TenantID(s.Tenant), ID: flow.ConnectionID(s.ID), Name: s.Name, Delivery: flow.Delivery(s.Delivery),
		URL: s.URL, Dedupes: s.Dedupes,
	}
	for _, old := range all {
		if old.ID != conn.ID {
			continue
		}
		if conn.Name == "" {
			conn.Name = old.Name
		}
		if conn.Delivery == flow.DeliverWebhook {
			conn.SealedSecret = old.SealedSecret
		}
	}
	if conn.Name == "" {
		conn.Name = s.ID
	}
	if s.Secret != "" {
		if conn.SealedSecret, err = c.seal(conn, s.Secret); err != nil {
			return err
		}
	}
	if conn.Delivery == flow.DeliverWebhook && len(conn.SealedSecret) == 0 {
		return fmt.Errorf("--secret-file is missing: what is posted to a webhook is signed, so give a secret of at least %d bytes", minConnectionSecret)
	}
	err = store.PutConnection(ctx, conn, flow.Audit{By: "command line", At: time.Now()})
	if errors.Is(err, flow.ErrNotFound) {
		return fmt.Errorf("--tenant: there is no tenant %s in this database", s.Tenant)
	}
	return err
}

// List gives a tenant's connections.
func (c *Connections) List(ctx context.Context, tenant string) ([]flow.Connection, error) {
	store, err := c.openMigrated(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = store.Close() }()
	return store.Connections(ctx, flow.TenantID(tenant))
}

// openMigrated opens a database whose tables are this version's. It changes none: that is for serve and migrate.
func (c *Connections) openMigrated(ctx context.Context) (Store, error) {
	s, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	all, err := s.MigrationStatus(ctx)
	for _, m := range all {
		if err == nil && m.AppliedAt.IsZero() {
			err = errors.New("the database's tables are not this version's: run `smsflow migrate up`, or start the server once")
		}
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// seal encrypts the secret with the server's keys.
func (c *Connections) seal(conn flow.Connection, secret flow.Secret) ([]byte, error) {
	// The embedded database is in the same folder as its keys. Another one may be anywhere, and keys that were made here
	// would be nobody else's.
	if _, err := os.Stat(c.File(keysetFile)); c.DatabaseURL != "" && c.SecretKeyset == "" && errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there are no keys in %s to seal the secret with: name the server's data folder (--data) or set SMSFLOW_SECRET_KEYSET to its keys", c.Data)
	}
	secrets, err := openSecrets(&Config{StoreConfig: c.StoreConfig, SecretKeyset: c.SecretKeyset})
	if err != nil {
		return nil, err
	}
	return secrets.Seal(conn.Tenant, flow.ConnectionSecretField(conn.ID), secret)
}

// verify says everything that is wrong with the settings, flag by flag.
func (s *ConnectionSettings) verify() error {
	var errs []error
	add := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	add(s.Tenant == "", "--tenant is missing: name the tenant's id")
	add(!plainID(s.ID), "--id is %q: use 1 to %d letters, digits, hyphens and underscores", s.ID, maxConnectionID)
	add(utf8.RuneCountInString(s.Name) > maxConnectionName, "--name has more than %d characters: shorten it", maxConnectionName)
	webhook := false
	switch flow.Delivery(s.Delivery) {
	case flow.DeliverWebhook:
		webhook = true
		if err := verifyGatewayURL(s.URL); err != nil {
			errs = append(errs, err)
		}
	case flow.DeliverResponse, flow.DeliverStream, flow.DeliverNull:
	default:
		add(true, "--delivery is %q: choose response, stream, webhook or null", s.Delivery)
	}
	add(!webhook && s.URL != "", "--url belongs to --delivery webhook: leave it out")
	add(!webhook && s.Secret != "", "--secret-file belongs to --delivery webhook: leave it out")
	n := len(s.Secret.Reveal())
	add(n > 0 && (n < minConnectionSecret || n > maxConnectionSecret), "--secret-file holds a secret of %d bytes: make it %d to %d", n, minConnectionSecret, maxConnectionSecret)
	return errors.Join(errs...)
}

// plainID says whether an id can stand in a key, a log and a command line as it is.
func plainID(id string) bool {
	for _, r := range id {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' {
			return false
		}
	}
	return id != "" && len(id) <= maxConnectionID
}

// verifyGatewayURL never repeats the URL: it may hold a password.
func verifyGatewayURL(address string) error {
	if address == "" {
		return errors.New("--url is missing: name the address that messages are posted to")
	}
	if len(address) > maxConnectionURL {
		return fmt.Errorf("--url has more than %d bytes: shorten it", maxConnectionURL)
	}
	u, err := url.Parse(address)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "", u.Opaque != "":
		return errors.New("--url is not an absolute address: write https://HOST/PATH")
	case u.User != nil:
		return errors.New("--url has a user or a password in it: leave them out, the signature says who is calling")
	case u.Fragment != "" || u.RawFragment != "":
		return errors.New("--url has a fragment (#…), which is never sent: leave it out")
	}
	return nil
}
