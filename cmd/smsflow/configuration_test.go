package main

import (
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// documented gives, for each "## smsflow …" section of docs/configuration.md, its rows "flag variable default".
func documented(t *testing.T) map[string][]string {
	t.Helper()
	raw, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("^\\| `(--[a-z-]+)[^|]*(?:\\\\\\|[^|]*)*\\| `(SMSFLOW_[A-Z_]+)` \\|([^|]*)\\|")
	sections := map[string][]string{}
	var commands []string
	for line := range strings.Lines(string(raw)) {
		if heading, ok := strings.CutPrefix(line, "## "); ok {
			commands = nil
			for name := range strings.SplitSeq(strings.TrimSpace(heading), ", ") {
				commands = append(commands, name)
				sections[name] = nil
			}
			continue
		}
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		m := row.FindStringSubmatch(line)
		if m == nil {
			t.Errorf("a row without a flag, a variable and a default: %s", line)
			continue
		}
		for _, c := range commands {
			sections[c] = append(sections[c], m[1]+" "+m[2]+" "+strings.Trim(strings.TrimSpace(m[3]), "`"))
		}
	}
	return sections
}

// flags gives the same of the commands themselves.
func flags(t *testing.T) map[string][]string {
	t.Helper()
	parser, err := newParser(new(cli), console{out: io.Discard, err: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for _, leaf := range parser.Model.Leaves(false) {
		name := "smsflow " + leaf.Path()
		found[name] = nil
		for _, f := range slices.Concat(leaf.AllFlags(true)...) {
			if f.Name == "help" {
				continue
			}
			if len(f.Envs) != 1 {
				t.Errorf("%s --%s has the variables %v: it needs one", name, f.Name, f.Envs)
				continue
			}
			found[name] = append(found[name], "--"+f.Name+" "+f.Envs[0]+" "+defaultOf(f))
		}
	}
	return found
}

func defaultOf(f *kong.Flag) string {
	switch {
	case f.Name == "key-file":
		return "DIR/demo-gateway.key"
	case f.Name == "id" && !f.Required:
		return "a new one"
	case f.IsBool() && f.Default == "":
		return "false"
	default:
		return f.Default
	}
}

// TestConfigurationIsDocumented holds docs/configuration.md against the command line: every flag and variable is there
// with its default, and none that does not exist.
func TestConfigurationIsDocumented(t *testing.T) {
	t.Parallel()
	docs, commands := documented(t), flags(t)
	if len(commands["smsflow serve"]) < 10 {
		t.Fatalf("smsflow serve has the flags %v", commands["smsflow serve"])
	}
	for command, want := range commands {
		got, ok := docs[command]
		if !ok {
			t.Errorf("docs/configuration.md has no section for %s", command)
		}
		for _, f := range want {
			if !slices.Contains(got, f) {
				t.Errorf("%s: not documented: %s (documented: %v)", command, f, got)
			}
		}
		for _, f := range got {
			if !slices.Contains(want, f) {
				t.Errorf("%s: documented, but does not exist: %s", command, f)
			}
		}
	}
	for command := range docs {
		if _, ok := commands[command]; !ok {
			t.Errorf("docs/configuration.md has a section for %q, which is no command", command)
		}
	}
}
