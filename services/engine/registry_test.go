package engine_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"smsflow/services/flow"
)

// A step type is complete if it has its noun, its advance, its cases and its message in the contract, each in the file
// or under the name that the type's own name tells; and nothing stands there that is no step type.
func TestEveryStepTypeIsComplete(t *testing.T) {
	t.Parallel()
	var want []string
	for _, typ := range flow.StepTypes() {
		want = append(want, string(typ))
		if s := flow.NewSpec(typ); s == nil || s.Type() != typ {
			t.Errorf("flow.NewSpec(%q) is %v", typ, s)
		}
	}
	slices.Sort(want)
	for what, got := range map[string][]string{
		"a noun with a Type method in services/flow":            methods(t, "../flow", "Type"),
		"a file with an advance method in services/engine":      methods(t, ".", "advance"),
		"a case file in services/engine/testdata":               caseFiles(t),
		"a field of the oneof kind in smsflow/v1/step.proto":    protoKinds(t),
		"a message of its own name in smsflow/v1/step.proto":    protoMessages(t),
		"a line in the list of constants of services/flow.Type": constants(t),
	} {
		slices.Sort(got)
		for _, typ := range want {
			if !slices.Contains(got, typ) {
				t.Errorf("step type %s has not %s", typ, what)
			}
		}
		for _, name := range got {
			if !slices.Contains(want, name) {
				t.Errorf("%s is %s, but flow.StepTypes does not list it", name, what)
			}
		}
	}
}

// methods gives the names of the files, without ".go", in which a type has the method.
func methods(t *testing.T, dir, name string) []string {
	t.Helper()
	var found []string
	for path, file := range sources(t, dir) {
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv != nil && f.Name.Name == name {
				found = append(found, strings.TrimSuffix(filepath.Base(path), ".go"))
			}
		}
	}
	return found
}

// constants gives the values of flow's StepType constants.
func constants(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, file := range sources(t, "../flow") {
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) == 0 {
				return true
			}
			if typ, ok := spec.Type.(*ast.Ident); ok && typ.Name == "StepType" {
				if value, ok := spec.Values[0].(*ast.BasicLit); ok {
					found = append(found, strings.Trim(value.Value, `"`))
				}
			}
			return true
		})
	}
	return found
}

func sources(t *testing.T, dir string) map[string]*ast.File {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]*ast.File{}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files[path] = file
	}
	return files
}

func caseFiles(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.json")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, path := range paths {
		names = append(names, strings.TrimSuffix(filepath.Base(path), ".json"))
	}
	return names
}

const stepProto = "../../proto/smsflow/v1/step.proto"

// kinds gives type and name of each field of the oneof kind in message Step.
func kinds(t *testing.T) [][2]string {
	t.Helper()
	proto, err := os.ReadFile(stepProto)
	if err != nil {
		t.Fatal(err)
	}
	_, after, ok := strings.Cut(string(proto), "oneof kind {")
	body, _, ended := strings.Cut(after, "\n  }")
	if !ok || !ended {
		t.Fatalf("%s has no oneof kind", stepProto)
	}
	var found [][2]string
	for _, m := range regexp.MustCompile(`(?m)^\s+(\w+) (\w+) = \d+;$`).FindAllStringSubmatch(body, -1) {
		found = append(found, [2]string{m[1], m[2]})
	}
	return found
}

func protoKinds(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, k := range kinds(t) {
		names = append(names, k[1])
	}
	return names
}

// protoMessages gives the fields whose message has the field's name in camel case and is declared in the file.
func protoMessages(t *testing.T) []string {
	t.Helper()
	proto, err := os.ReadFile(stepProto)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, k := range kinds(t) {
		camel := ""
		for word := range strings.SplitSeq(k[1], "_") {
			camel += strings.ToUpper(word[:1]) + word[1:]
		}
		if camel == k[0] && strings.Contains(string(proto), "\nmessage "+camel+" {") {
			names = append(names, k[1])
		}
	}
	return names
}
