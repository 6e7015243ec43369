package app

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The defaults of the command line.
const (
	DefaultData = "smsflow-data"
	DefaultHTTP = "localhost:8080"
	DefaultGRPC = "localhost:9090"
)

// StoreConfig says where a server keeps its data. The tags are the command line's (kong); docs/configuration.md lists
// every flag, and a test of cmd/smsflow holds the two together.
type StoreConfig struct {
	Data        string `name:"data" placeholder:"DIR" default:"${data}" env:"SMSFLOW_DATA" help:"Folder of the embedded database and of the secrets' keys; it is made if it is missing."`
	DatabaseURL string `name:"database-url" placeholder:"URL" env:"SMSFLOW_DATABASE_URL" help:"PostgreSQL instead of the embedded database: postgres://USER:PASSWORD@HOST/NAME."`
}

// Config is all that `smsflow serve` can be told.
type Config struct {
	StoreConfig `embed:""`

	ListenURL    string        `name:"listen-url" placeholder:"URL" env:"SMSFLOW_LISTEN_URL" help:"The same database past its pooler, for notifications between servers: a pooler in transaction mode does not pass them on."`
	KeepMessages time.Duration `name:"keep-messages" placeholder:"DURATION" default:"${keep}" env:"SMSFLOW_KEEP_MESSAGES" help:"How long handled messages, their outcomes and runs are kept; 0s: for ever."`
	KeepKeys     time.Duration `name:"keep-keys" placeholder:"DURATION" default:"${keep}" env:"SMSFLOW_KEEP_KEYS" help:"How long repeated deliveries are known; never shorter than --keep-messages."`

	HTTP        string `name:"http" placeholder:"ADDR" default:"${http}" env:"SMSFLOW_HTTP" help:"Address of the HTTP port: Connect, gRPC-Web, gRPC, JSON, health."`
	GRPC        string `name:"grpc" placeholder:"ADDR" default:"${grpc}" env:"SMSFLOW_GRPC" help:"Address of the gRPC port: RouterService, health, reflection."`
	TLSCert     string `name:"tls-cert" placeholder:"FILE" env:"SMSFLOW_TLS_CERT" help:"Certificate chain (PEM) for TLS on both ports; with --tls-key."`
	TLSKey      string `name:"tls-key" placeholder:"FILE" env:"SMSFLOW_TLS_KEY" help:"Private key (PEM) of --tls-cert."`
	BehindProxy bool   `name:"behind-proxy" env:"SMSFLOW_BEHIND_PROXY" help:"TLS ends at my proxy: allows addresses beyond this machine without TLS."`

	AllowPrivateAssistants []string `name:"allow-private-assistants" placeholder:"CIDR,..." env:"SMSFLOW_ALLOW_PRIVATE_ASSISTANTS" help:"Networks, private ones too, in which assistants' servers may be, such as 127.0.0.0/8 for a model on this machine."`
	AllowPrivateGateways   []string `name:"allow-private-gateways" placeholder:"CIDR,..." env:"SMSFLOW_ALLOW_PRIVATE_GATEWAYS" help:"Networks, private ones too, in which messaging gateways may be that outbound messages are posted to."`
	SecretKeyset           string   `name:"secret-keyset" placeholder:"BASE64" env:"SMSFLOW_SECRET_KEYSET" help:"Keys that seal stored secrets, instead of DIR/secrets.keyset. Set the variable: a command line can be read by others."`

	LogFormat string `name:"log-format" enum:"text,json" default:"text" env:"SMSFLOW_LOG_FORMAT" help:"Form of the log: ${enum}."`
	LogLevel  string `name:"log-level" enum:"debug,info,warn,error" default:"info" env:"SMSFLOW_LOG_LEVEL" help:"Least level that is logged: ${enum}."`

	Demo bool `name:"demo" env:"SMSFLOW_DEMO" help:"Set up the demo tenant Harbour Dental, and answer one SMS on start."`
}

// Names of files in the data folder.
const (
	databaseFile    = "smsflow.db" // the embedded database's
	keysetFile      = "secrets.keyset"
	DemoGatewayFile = "demo-gateway.key" // the demo's key with router:ingest
	DemoConfigFile  = "demo-config.key"  // the demo's key with config:read and config:write
)

// minKeep is the least that --keep-messages may be: gateways repeat deliveries for up to a day and more, and runs may be
// open for as long.
const minKeep = 72 * time.Hour

// DefaultKeep is how long messages and the keys of their deliveries are kept: half a year.
const DefaultKeep = "4320h"

// Verify says everything that is wrong with the configuration, flag by flag.
func (c *Config) Verify() error {
	errs := []error{c.StoreConfig.Verify()}
	errs = append(errs, c.verifyAddress("http", "SMSFLOW_HTTP", c.HTTP), c.verifyAddress("grpc", "SMSFLOW_GRPC", c.GRPC))
	if c.HTTP == c.GRPC && !strings.HasSuffix(c.HTTP, ":0") {
		errs = append(errs, fmt.Errorf("--http and --grpc are both %s: give each a port of its own", c.HTTP))
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		errs = append(errs, errors.New("--tls-cert and --tls-key belong together: give both or neither"))
	}
	if c.Demo && c.TLSCert != "" {
		errs = append(errs, errors.New("--demo and --tls-cert do not go together: the demo is for one machine, without TLS"))
	}
	if _, err := c.assistantNetworks(); err != nil {
		errs = append(errs, err)
	}
	if _, err := c.gatewayNetworks(); err != nil {
		errs = append(errs, err)
	}
	if c.KeepMessages < 0 || (c.KeepMessages > 0 && c.KeepMessages < minKeep) {
		errs = append(errs, fmt.Errorf("--keep-messages is %s: give at least %s, or 0s to keep everything", c.KeepMessages, minKeep))
	}
	if c.KeepKeys < 0 {
		errs = append(errs, fmt.Errorf("--keep-keys is %s: give a duration that is not negative", c.KeepKeys))
	}
	if c.ListenURL != "" && c.DatabaseURL == "" {
		errs = append(errs, errors.New("--listen-url belongs to --database-url: give that too, or neither"))
	}
	if c.SecretKeyset != "" {
		if _, err := parseKeyset(c.SecretKeyset); err != nil {
			errs = append(errs, fmt.Errorf("--secret-keyset (SMSFLOW_SECRET_KEYSET): %w", err))
		}
	}
	if !slices.Contains([]string{"text", "json"}, c.LogFormat) {
		errs = append(errs, fmt.Errorf("--log-format is %q: choose text or json", c.LogFormat))
	}
	if _, err := c.logLevel(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Verify says what is wrong with the place of the data.
func (c *StoreConfig) Verify() error {
	if c.Data == "" {
		return errors.New("--data (SMSFLOW_DATA) is empty: name a folder")
	}
	if c.DatabaseURL == "" {
		return nil
	}
	// The text of a parse error repeats the URL, and with it the password.
	u, err := url.Parse(c.DatabaseURL)
	if err != nil {
		return errors.New("--database-url (SMSFLOW_DATABASE_URL) is not a URL: write postgres://USER:PASSWORD@HOST/NAME, with special characters of the password percent-encoded")
	}
	if u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return fmt.Errorf("--database-url (SMSFLOW_DATABASE_URL) begins with %q: it must begin with postgres:// (leave it away for the embedded database)", u.Scheme)
	}
	return nil
}

// verifyAddress checks one address to listen on. Beyond this machine keys and messages would travel in the clear, so
// that takes TLS, ours or a proxy's.
func (c *Config) verifyAddress(flag, variable, address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("--%s (%s) is %q: write HOST:PORT, for example localhost:8080", flag, variable, address)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("--%s (%s) has the port %q: it must be a number from 0 to 65535", flag, variable, port)
	} else if n == 0 && !loopback(host) {
		return fmt.Errorf("--%s (%s) has the port 0, a free one that nobody beyond this machine would know: name a port", flag, variable)
	}
	if loopback(host) || c.BehindProxy || c.TLSCert != "" {
		return nil
	}
	return fmt.Errorf("--%s (%s) is %s, which others can reach, and there is no TLS: "+
		"give --tls-cert and --tls-key, or say --behind-proxy if TLS ends at your proxy, or listen on localhost:%s", flag, variable, address, port)
}

// loopback says whether a host can be reached from this machine only. Of names only localhost counts: what another one
// resolves to may change.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// privateNetworks parses a list of networks.
func privateNetworks(flag, variable string, list []string) ([]netip.Prefix, error) {
	networks := make([]netip.Prefix, 0, len(list))
	for _, s := range list {
		p, err := netip.ParsePrefix(strings.TrimSpace(s))
		if err != nil {
			return nil, fmt.Errorf("--%s (%s) has %q: write networks such as 127.0.0.0/8 or 10.1.2.0/24, with commas between them", flag, variable, s)
		}
		networks = append(networks, p.Masked())
	}
	return networks, nil
}

// assistantNetworks parses AllowPrivateAssistants.
func (c *Config) assistantNetworks() ([]netip.Prefix, error) {
	return privateNetworks("allow-private-assistants", "SMSFLOW_ALLOW_PRIVATE_ASSISTANTS", c.AllowPrivateAssistants)
}

// gatewayNetworks parses AllowPrivateGateways.
func (c *Config) gatewayNetworks() ([]netip.Prefix, error) {
	return privateNetworks("allow-private-gateways", "SMSFLOW_ALLOW_PRIVATE_GATEWAYS", c.AllowPrivateGateways)
}

// File is the place of a file in the data folder.
func (c *StoreConfig) File(file string) string { return filepath.Join(c.Data, file) }
