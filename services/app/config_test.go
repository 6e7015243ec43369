package app

import (
	"strings"
	"testing"
)

func goodConfig() Config {
	return Config{
		StoreConfig: StoreConfig{Data: "smsflow-data"}, HTTP: DefaultHTTP, GRPC: DefaultGRPC, LogFormat: "text", LogLevel: "info",
	}
}

// TestVerify: a server that others can reach needs TLS, and what is wrong is said with its flag and what to do.
func TestVerify(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		change func(*Config)
		want   []string // in the error; none: it is good
	}{
		{"the defaults", func(*Config) {}, nil},
		{"loopback by number", func(c *Config) { c.HTTP, c.GRPC = "127.0.0.1:1", "[::1]:1" }, nil},
		{"free ports", func(c *Config) { c.HTTP, c.GRPC = "localhost:0", "localhost:0" }, nil},
		{"all addresses", func(c *Config) { c.HTTP = ":8080" }, []string{"--http", "SMSFLOW_HTTP", "no TLS", "--behind-proxy", "--tls-cert", "localhost:8080"}},
		{"all addresses of IPv4", func(c *Config) { c.GRPC = "0.0.0.0:9090" }, []string{"--grpc", "SMSFLOW_GRPC", "--behind-proxy"}},
		{"both", func(c *Config) { c.HTTP, c.GRPC = ":8080", ":9090" }, []string{"--http", "--grpc"}},
		{"a name that may be anything", func(c *Config) { c.HTTP = "example.com:8080" }, []string{"--behind-proxy"}},
		{"a name that begins like a good one", func(c *Config) { c.HTTP = "localhost.example.com:8080" }, []string{"--behind-proxy"}},
		{"beyond this machine, TLS at a proxy", func(c *Config) { c.HTTP, c.GRPC, c.BehindProxy = ":8080", ":9090", true }, nil},
		{"beyond this machine, TLS here", func(c *Config) { c.HTTP, c.GRPC, c.TLSCert, c.TLSKey = ":8080", ":9090", "c", "k" }, nil},
		{"half of TLS", func(c *Config) { c.TLSCert = "c" }, []string{"--tls-key"}},
		{"no port", func(c *Config) { c.HTTP = "localhost" }, []string{"--http", "HOST:PORT"}},
		{"a port that is no number", func(c *Config) { c.GRPC = "localhost:http" }, []string{"--grpc", "65535"}},
		{"a port too high", func(c *Config) { c.GRPC = "localhost:70000" }, []string{"--grpc", "65535"}},
		{"a free port for others", func(c *Config) { c.GRPC, c.BehindProxy = ":0", true }, []string{"--grpc", "name a port"}},
		{"one port for both", func(c *Config) { c.GRPC = c.HTTP }, []string{"--http and --grpc"}},
		{"no folder", func(c *Config) { c.Data = "" }, []string{"--data"}},
		{"PostgreSQL", func(c *Config) { c.DatabaseURL = "postgres://u:p@db/x?sslmode=require" }, nil},
		{"another database", func(c *Config) { c.DatabaseURL = "mysql://u:planted@db/x" }, []string{"--database-url", "mysql", "postgres://"}},
		{"no URL", func(c *Config) { c.DatabaseURL = "postgres://u:pl%anted@db/x" }, []string{"--database-url", "percent-encoded"}},
		{"networks", func(c *Config) { c.AllowPrivateAssistants = []string{"127.0.0.0/8", " fd00::/8"} }, nil},
		{"an address for a network", func(c *Config) { c.AllowPrivateAssistants = []string{"127.0.0.1"} }, []string{"--allow-private-assistants", "127.0.0.0/8"}},
		{"no keyset", func(c *Config) { c.SecretKeyset = "planted" }, []string{"--secret-keyset"}},
		{"a log format", func(c *Config) { c.LogFormat = "xml" }, []string{"--log-format", "json"}},
		{"a log level", func(c *Config) { c.LogLevel = "all" }, []string{"--log-level", "debug"}},
		{"demo with TLS", func(c *Config) { c.Demo, c.TLSCert, c.TLSKey = true, "c", "k" }, []string{"--demo"}},
		{"all at once", func(c *Config) { c.HTTP, c.LogFormat, c.Data = ":1", "xml", "" }, []string{"--http", "--log-format", "--data"}},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := goodConfig()
			test.change(&c)
			err := c.Verify()
			if len(test.want) == 0 {
				if err != nil {
					t.Fatalf("refused: %v", err)
				}
				return
			}
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not name %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "planted") {
				t.Errorf("%q tells a secret", err)
			}
		})
	}
}
