package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"smsflow/services/app"
)

// connectionCommand has the two sub-commands for gateway connections. They work on the database itself.
type connectionCommand struct {
	Set  connectionSet  `cmd:"" help:"Make a gateway connection, or replace the one with its id."`
	List connectionList `cmd:"" help:"List a tenant's gateway connections."`
}

type connectionSet struct {
	app.StoreConfig `embed:""`

	SecretKeyset string `name:"secret-keyset" placeholder:"BASE64" env:"SMSFLOW_SECRET_KEYSET" help:"The server's keys that seal stored secrets, instead of DIR/secrets.keyset. Set the variable: a command line can be read by others."`
	Tenant       string `name:"tenant" placeholder:"ID" required:"" env:"SMSFLOW_TENANT" help:"The tenant's id."`
	ID           string `name:"id" placeholder:"ID" required:"" env:"SMSFLOW_CONNECTION" help:"The connection's id, which the gateway's keys name."`
	Name         string `name:"name" placeholder:"TEXT" env:"SMSFLOW_NAME" help:"What people call it; as it is, or the id, if it is not named."`
	Delivery     string `name:"delivery" placeholder:"WAY" required:"" enum:"response,stream,webhook,null" env:"SMSFLOW_DELIVERY" help:"How the gateway gets outbound messages: ${enum}."`
	URL          string `name:"url" placeholder:"URL" env:"SMSFLOW_URL" help:"Where they are posted to, with --delivery webhook."`
	SecretFile   string `name:"secret-file" placeholder:"FILE" env:"SMSFLOW_SECRET_FILE" help:"File with the secret that signs them, at least 16 bytes; the stored one stays if it is not named."`
	Dedupes      bool   `name:"dedupes" env:"SMSFLOW_DEDUPES" help:"The gateway sends a message once however often it gets the same id."`
}

// maxSecretFile bounds what is read of a secret's file.
const maxSecretFile = 4096

// Run sets the connection.
func (c *connectionSet) Run(ctx context.Context, to *console) error {
	settings := app.ConnectionSettings{
		Tenant: c.Tenant, ID: c.ID, Name: c.Name, Delivery: c.Delivery, URL: c.URL, Dedupes: c.Dedupes,
	}
	if c.SecretFile != "" {
		secret, err := readSecret(c.SecretFile)
		if err != nil {
			return err
		}
		settings.SetSecret(secret)
	}
	connections := app.Connections{StoreConfig: c.StoreConfig, SecretKeyset: c.SecretKeyset}
	if err := connections.Set(ctx, settings); err != nil {
		return err
	}
	_, err := fmt.Fprintf(to.out, "connection %s of tenant %s: delivery %s\n", c.ID, printable(c.Tenant), c.Delivery)
	return err
}

// readSecret reads a file's only line.
func readSecret(file string) (string, error) {
	info, err := os.Stat(file)
	if err != nil {
		return "", fmt.Errorf("--secret-file: %w", err)
	}
	if info.Size() > maxSecretFile {
		return "", fmt.Errorf("--secret-file: %s has more than %d bytes, which is no secret", file, maxSecretFile)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("--secret-file: %w", err)
	}
	secret := strings.TrimRight(string(raw), "\r\n")
	if secret == "" || strings.ContainsAny(secret, "\r\n\x00") {
		return "", errors.New("--secret-file must hold the secret and nothing else, on one line")
	}
	return secret, nil
}

type connectionList struct {
	app.StoreConfig `embed:""`

	Tenant string `name:"tenant" placeholder:"ID" required:"" env:"SMSFLOW_TENANT" help:"The tenant's id."`
}

// Run lists the connections. Secrets are not shown, only whether there is one.
func (c *connectionList) Run(ctx context.Context, to *console) error {
	list, err := (&app.Connections{StoreConfig: c.StoreConfig}).List(ctx, c.Tenant)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		_, err := fmt.Fprintln(to.out, "the tenant has no gateway connections: replies go out in the answers to the gateways' calls")
		return err
	}
	w := tabwriter.NewWriter(to.out, 0, 0, 2, ' ', 0)
	for _, l := range list {
		more := ""
		if l.Dedupes {
			more = "dedupes"
		}
		if len(l.SealedSecret) > 0 {
			more = strings.TrimSpace(more + " signed")
		}
		if _, err := fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", printable(string(l.ID)), l.Delivery, printable(l.Name), printable(l.URL), more); err != nil {
			return err
		}
	}
	return w.Flush()
}
