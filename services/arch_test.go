// Package services_test holds the tests that look at all rooms at once.
package services_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// module is the name in go.mod.
const module = "smsflow"

// An edge is one import: from a package of ours, in a file that is a test or not, of a package.
type edge struct {
	from string // below the module, e.g. services/store/postgres
	test bool   // in a _test.go file
	to   string // an import path
}

// room is the part of a package's path that the table speaks of: services/store/postgres is in the room store, cmd,
// gen and web are rooms of their own. Files directly in services (this test) are in the room services.
func room(pkg string) string {
	first, rest, _ := strings.Cut(pkg, "/")
	if first == "services" && rest != "" {
		second, _, _ := strings.Cut(rest, "/")
		return second
	}
	return first
}

// mayImport is the import table of docs/architecture.md: what a room's own sources may import of ours, beside itself.
// The second result is false for a room that the table does not know.
func mayImport(room string) ([]string, bool) {
	switch room {
	case "flow", "sms", "fault", "gen", "web":
		return nil, true
	case "engine":
		return []string{"flow", "sms"}, true
	case "workflow":
		return []string{"flow", "sms", "engine"}, true
	case "router":
		return []string{"flow", "sms", "engine", "fault"}, true
	case "access":
		return []string{"flow"}, true
	case "store":
		return []string{"flow", "sms", "fault"}, true
	case "assistant", "gateway":
		return []string{"flow", "sms"}, true
	case "rpc":
		return []string{"gen", "flow", "sms", "workflow", "router", "access"}, true
	case "app":
		return []string{
			"gen", "web", "flow", "sms", "engine", "workflow", "router", "access", "store", "assistant", "gateway", "rpc",
		}, true
	case "cmd":
		return []string{"app", "gen"}, true
	default:
		return nil, false
	}
}

// testsMayImport is what a room's tests may import beside that: the contract always, an adapter's tests the rooms that
// declare its port, and the use cases' tests the real adapters, since real parts are better than mocks. Nothing but
// the tests of app and cmd starts the whole.
func testsMayImport(room string) []string {
	ports := []string{"engine", "workflow", "router", "access"}
	adapters := []string{"store", "assistant", "gateway"}
	switch room {
	case "store", "assistant", "gateway":
		return slices.Concat([]string{"gen"}, ports)
	case "workflow", "router", "access", "rpc":
		return slices.Concat([]string{"gen"}, ports, adapters)
	case "app", "cmd":
		return slices.Concat([]string{"gen", "flow", "sms", "rpc"}, ports, adapters)
	default:
		return []string{"gen"}
	}
}

// isKit says whether a package is a test kit, such as services/store/storetest: written for tests, so it follows their
// rules, and only tests may import it.
func isKit(pkg string) bool {
	return strings.HasPrefix(pkg, "services/") && strings.HasSuffix(path.Base(pkg), "test")
}

// isPure says whether a room is free of I/O, clocks and randomness, so that the same input always gives the same output.
func isPure(room string) bool {
	return room == "flow" || room == "sms" || room == "engine"
}

// impurity says why a pure room may not import a package that is not ours; it is empty if it may. The clock is a
// matter of calls, not of imports: the linter forbids time.Now there (.golangci.yml).
func impurity(room, imported string) string {
	switch imported {
	case "context":
		return "a pure room never waits, so there is nothing to cancel"
	case "log/slog":
		if room == "flow" {
			return "" // for redacting types, which are LogValuers
		}
		return "a pure room does not log; only flow needs log/slog, for its redacting types"
	case "math/rand", "math/rand/v2", "crypto/rand":
		return "randomness is passed in"
	case "net/netip", "net/url", "net/mail", "net/textproto":
		return "" // parsers only
	}
	first, _, _ := strings.Cut(imported, "/")
	switch {
	case slices.Contains([]string{"os", "net", "log", "syscall", "plugin", "testing"}, first),
		under(imported, "database/sql"), under(imported, "io/ioutil"):
		return "a pure room does no I/O"
	case strings.Contains(first, ".") && !slices.ContainsFunc(pureLibraries(), func(library string) bool {
		return under(imported, library)
	}):
		return "not on the list of libraries that are pure themselves (pureLibraries)"
	}
	return ""
}

// pureLibraries are the third-party modules that do no I/O, or none in the parts that pure rooms use.
func pureLibraries() []string {
	return []string{
		"github.com/google/uuid", // parsing; making one is forbidden by the linter
		"github.com/nyaruka/phonenumbers",
		"github.com/warthog618/sms",
		"golang.org/x/text",
	}
}

// under says whether an import path is the given one or below it.
func under(imported, root string) bool {
	return imported == root || strings.HasPrefix(imported, root+"/")
}

// violation says what is wrong with one import; it is empty if nothing is.
func violation(e edge) string {
	from := room(e.from)
	test := e.test || isKit(e.from)
	allowed, known := mayImport(from)
	if from == "services" {
		known = e.test // the tests in this folder look at all rooms; sources do not belong here
	}
	if !known {
		return fmt.Sprintf("the import table does not know the room %q", from)
	}
	if e.to != module && !strings.HasPrefix(e.to, module+"/") {
		if isPure(from) && !test {
			return impurity(from, e.to)
		}
		return ""
	}
	imported := strings.TrimPrefix(strings.TrimPrefix(e.to, module), "/")
	to := room(imported)
	if _, known := mayImport(to); !known {
		return fmt.Sprintf("the import table does not know the room %q", to)
	}
	switch {
	case isKit(imported) && !test:
		return "a test kit may be imported by tests only"
	case from == "services", from == to, slices.Contains(allowed, to):
		return ""
	case test && slices.Contains(testsMayImport(from), to):
		return ""
	}
	return fmt.Sprintf("%s may not import %s", from, to)
}

// edges parses the imports of every Go file below the folder, which lies below the module's root. Build tags are not
// looked at: an import that only another platform sees counts as well.
func edges(root, folder string) ([]edge, error) {
	var found []edge
	err := filepath.WalkDir(filepath.Join(root, folder), func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() {
			if name == "testdata" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") {
				return filepath.SkipDir // as the go command does
			}
			return nil
		}
		if filepath.Ext(name) != ".go" {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		pkg, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			return err
		}
		for _, spec := range parsed.Imports {
			to, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return fmt.Errorf("%s: import %s: %w", file, spec.Path.Value, err)
			}
			found = append(found, edge{from: filepath.ToSlash(pkg), test: strings.HasSuffix(name, "_test.go"), to: to})
		}
		return nil
	})
	return found, err
}

// TestImports holds the sources against the import table.
func TestImports(t *testing.T) {
	t.Parallel()

	seen := map[string]bool{}
	for _, folder := range []string{"services", "cmd"} {
		found, err := edges("..", folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range found {
			seen[room(e.from)] = true
			if reason := violation(e); reason != "" {
				t.Errorf("%s imports %s: %s", e.from, e.to, reason)
			}
		}
	}
	// A walk that finds nothing would agree with every table.
	for _, room := range []string{"flow", "sms", "engine", "workflow", "router", "access", "store", "rpc", "app", "cmd"} {
		if !seen[room] {
			t.Errorf("no imports found in %s: has the tree moved?", room)
		}
	}
}

// TestRoomsAreInTable finds rooms that import nothing, which TestImports cannot see.
func TestRoomsAreInTable(t *testing.T) {
	t.Parallel()

	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !entry.IsDir() || entry.Name() == "testdata" {
			continue
		}
		if _, known := mayImport(entry.Name()); !known {
			t.Errorf("services/%s is not in the import table", entry.Name())
		}
	}
}

// TestViolations gives the checker made-up imports: it has to find the bad ones and leave the good ones alone.
func TestViolations(t *testing.T) {
	t.Parallel()

	tests := []struct {
		edge edge
		bad  bool
	}{
		// The table, both ways.
		{edge{from: "services/flow", to: "smsflow/services/sms"}, true},
		{edge{from: "services/sms", to: "smsflow/services/flow"}, true},
		{edge{from: "services/flow", to: "smsflow/gen/smsflow/v1"}, true},
		{edge{from: "services/engine", to: "smsflow/services/flow"}, false},
		{edge{from: "services/engine", to: "smsflow/services/router"}, true},
		{edge{from: "services/router", to: "smsflow/services/engine"}, false},
		{edge{from: "services/router", to: "smsflow/services/workflow"}, true},
		{edge{from: "services/router", to: "smsflow/services/store/postgres"}, true},
		{edge{from: "services/workflow", to: "smsflow/services/access"}, true},
		{edge{from: "services/access", to: "smsflow/services/flow"}, false},
		{edge{from: "services/access", to: "smsflow/services/sms"}, true},
		{edge{from: "services/store/postgres", to: "smsflow/services/store/internal/sqlstore"}, false},
		{edge{from: "services/store/postgres", to: "smsflow/services/router"}, true},
		{edge{from: "services/assistant/faq", to: "smsflow/services/engine"}, true},
		{edge{from: "services/gateway/twilio", to: "smsflow/services/gateway"}, false},
		{edge{from: "services/gateway/twilio", to: "smsflow/services/assistant/faq"}, true},
		{edge{from: "services/rpc", to: "smsflow/gen/smsflow/v1"}, false},
		{edge{from: "services/rpc", to: "smsflow/services/engine"}, true},
		{edge{from: "services/rpc", to: "smsflow/services/store/sqlite"}, true},
		{edge{from: "services/app", to: "smsflow/services/store/sqlite"}, false},
		{edge{from: "services/app", to: "smsflow/web"}, false},
		{edge{from: "services/rpc", to: "smsflow/web"}, true},
		{edge{from: "cmd/smsflow", to: "smsflow/services/app"}, false},
		{edge{from: "cmd/smsflow", to: "smsflow/gen/smsflow/v1/smsflowv1connect"}, false},
		{edge{from: "cmd/smsflow", to: "smsflow/services/flow"}, true},
		{edge{from: "services/app", to: "smsflow/cmd/smsflow"}, true},

		// Rooms that the table does not know.
		{edge{from: "services/util", to: "strings"}, true},
		{edge{from: "services/app", to: "smsflow/services/util"}, true},
		{edge{from: "services/app", to: "smsflow"}, true},
		{edge{from: "services", to: "strings"}, true},
		{edge{from: "services", test: true, to: "smsflow/services/engine"}, false},

		// Tests and their kits.
		{edge{from: "services/flow", test: true, to: "smsflow/gen/smsflow/v1"}, false},
		{edge{from: "services/flow", test: true, to: "smsflow/services/sms"}, true},
		{edge{from: "services/engine", test: true, to: "os"}, false},
		{edge{from: "services/engine", test: true, to: "smsflow/services/router"}, true},
		{edge{from: "services/router", test: true, to: "smsflow/services/store/storetest"}, false},
		{edge{from: "services/router", to: "smsflow/services/store/storetest"}, true},
		{edge{from: "services/router", test: true, to: "smsflow/services/app"}, true},
		{edge{from: "services/app", to: "smsflow/services/gateway/gatewaytest"}, true},
		{edge{from: "services/app", test: true, to: "smsflow/services/gateway/gatewaytest"}, false},
		{edge{from: "services/store/storetest", to: "smsflow/services/router"}, false},
		{edge{from: "services/store/storetest", to: "smsflow/services/rpc"}, true},
		{edge{from: "services/store/sqlite", test: true, to: "smsflow/services/workflow"}, false},
		{edge{from: "services/assistant/assistanttest", to: "smsflow/services/engine"}, false},

		// Purity.
		{edge{from: "services/flow", to: "os"}, true},
		{edge{from: "services/flow", to: "os/exec"}, true},
		{edge{from: "services/sms", to: "net"}, true},
		{edge{from: "services/engine", to: "net/http"}, true},
		{edge{from: "services/engine", to: "net/url"}, false},
		{edge{from: "services/flow", to: "database/sql"}, true},
		{edge{from: "services/flow", to: "database/sql/driver"}, true},
		{edge{from: "services/engine", to: "context"}, true},
		{edge{from: "services/engine", to: "io/ioutil"}, true},
		{edge{from: "services/engine", to: "io"}, false},
		{edge{from: "services/engine", to: "crypto/rand"}, true},
		{edge{from: "services/engine", to: "math/rand/v2"}, true},
		{edge{from: "services/engine", to: "math"}, false},
		{edge{from: "services/flow", to: "log/slog"}, false},
		{edge{from: "services/engine", to: "log/slog"}, true},
		{edge{from: "services/flow", to: "log"}, true},
		{edge{from: "services/engine", to: "time"}, false},
		{edge{from: "services/flow", to: "google.golang.org/protobuf/proto"}, true},
		{edge{from: "services/flow", to: "connectrpc.com/connect/v2"}, true},
		{edge{from: "services/flow", to: "github.com/lib/pq"}, true},
		{edge{from: "services/sms", to: "github.com/nyaruka/phonenumbers"}, false},
		{edge{from: "services/sms", to: "github.com/nyaruka/phonenumbersx"}, true},
		{edge{from: "services/router", to: "context"}, false},
		{edge{from: "services/store/postgres", to: "github.com/lib/pq"}, false},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("%s imports %s, test %t", test.edge.from, test.edge.to, test.edge.test), func(t *testing.T) {
			t.Parallel()

			reason := violation(test.edge)
			if (reason != "") != test.bad {
				t.Errorf("violation = %q, want a violation: %t", reason, test.bad)
			}
		})
	}
}
