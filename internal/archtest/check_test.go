package archtest_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/peltonhq/pelton/internal/archtest"
)

// wheel is a small policy in the manner of the real one.
func wheel() archtest.Policy {
	return archtest.Policy{
		Boxes: []string{".", "arena", "store", "loop"},
		Layers: []archtest.Layer{
			{Path: ".", May: nil, Why: "the root imports nothing"},
			{Path: "arena", May: []string{"."}, Why: "arena sees the words only"},
			{Path: "store/...", May: []string{".", "store"}, Why: "store sees itself"},
			{Path: "loop", May: []string{".", "arena", "store"}, Why: "loop sees those below"},
		},
		Never:  []archtest.Never{{Path: []string{"store/..."}, Target: "arena", Why: "S3: owned data only"}},
		Fences: []archtest.Fence{{Vendor: []string{"example.com/db"}, In: []string{"store/local"}, Why: "one place for the vendor"}},
		Pure:   []archtest.Pure{{Path: ".", Imports: []string{"os", "net/..."}, Clock: true, Go: true, Why: "the heart is pure"}},
		Names:  []string{"util"},
		Budget: archtest.Budget{File: 12, Func: 3, Fields: 2, Package: 20},
		Allow:  map[string]string{},
	}
}

const module = "example.com/wheel"

// sound is a tree that keeps the policy.
func sound() map[string]string {
	return map[string]string{
		"go.mod":             "module example.com/wheel\n\nrequire (\n\texample.com/db/v2 v2.0.0 // indirect\n\texample.com/db v1.0.0\n)\n",
		"doc.go":             "// Package wheel is a wheel.\npackage wheel\n",
		"arena/doc.go":       "// Package arena lends.\npackage arena\n\nimport _ \"example.com/wheel\"\n",
		"store/doc.go":       "// Package store keeps.\npackage store\n",
		"store/local/doc.go": "// Package local keeps here.\npackage local\n\nimport (\n\t_ \"example.com/db/table\"\n\t_ \"example.com/wheel/store\"\n)\n",
		"loop/doc.go":        "// Package loop turns.\npackage loop\n\nimport _ \"example.com/wheel/arena\"\n",
	}
}

func violations(t *testing.T, files map[string]string, policy archtest.Policy) []string {
	t.Helper()
	tree := fstest.MapFS{}
	for name, text := range files {
		tree[name] = &fstest.MapFile{Data: []byte(text)}
	}
	loaded, err := archtest.Load(tree, module)
	if err != nil {
		t.Fatal(err)
	}
	return policy.Check(loaded)
}

func TestSoundTree(t *testing.T) {
	t.Parallel()
	if found := violations(t, sound(), wheel()); len(found) != 0 {
		t.Fatalf("a sound tree has violations:\n%s", strings.Join(found, "\n"))
	}
}

// Each case adds or replaces files of the sound tree. want is in the one violation; "" means that there is none.
func TestTreeViolations(t *testing.T) {
	t.Parallel()
	const long = "package loop\n\nfunc f() {\n\t_ = 1\n\t_ = 2\n\t_ = 3\n\t_ = 4\n}\n"
	tests := []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"upward import", map[string]string{"arena/a.go": "package arena\n\nimport _ \"example.com/wheel/loop\"\n"}, "arena/a.go:3: arena may not import loop"},
		{"upward import in a test", map[string]string{"arena/a_test.go": "package arena\n\nimport _ \"example.com/wheel/store\"\n"}, ""},
		{"upward import in a nested module", map[string]string{"arena/b/go.mod": "module b\n", "arena/b/b.go": "// Package b is b.\npackage b\n\nimport _ \"example.com/wheel/loop\"\n"}, ""},
		{"a box without a rule", map[string]string{"wild/w.go": "// Package wild is wild.\npackage wild\n"}, "package wild has no import rule"},
		{"the vendor outside its fence", map[string]string{"loop/l.go": "package loop\n\nimport _ \"example.com/db\"\n"}, "loop may not import example.com/db, only store/local may"},
		{"a vendor of a like name", map[string]string{"loop/l.go": "package loop\n\nimport _ \"example.com/dbase\"\n"}, ""},
		{"impure clock", map[string]string{"p.go": "package wheel\n\nimport \"time\"\n\nvar start = time.Now()\n"}, "p.go:5: a pure package does not call time.Now"},
		{"impure clock by another name", map[string]string{"p.go": "package wheel\n\nimport t \"time\"\n\nvar c = t.After(1)\n"}, "does not call time.After"},
		{"impure clock as a value", map[string]string{"p.go": "package wheel\n\nimport \"time\"\n\nvar now = time.Now\n"}, "does not call time.Now"},
		{"impure dot import", map[string]string{"p.go": "package wheel\n\nimport . \"time\"\n\nvar s = Now()\n"}, "may not dot-import time"},
		{"time as a type is pure", map[string]string{"p.go": "package wheel\n\nimport \"time\"\n\nvar d time.Duration\n"}, ""},
		{"impure goroutine", map[string]string{"p.go": "package wheel\n\nfunc f() { go f() }\n"}, "p.go:3: a pure package starts no goroutine"},
		{"impure import", map[string]string{"p.go": "package wheel\n\nimport _ \"net/http\"\n"}, "may not import net/http"},
		{"a goroutine where it may be", map[string]string{"loop/l.go": "package loop\n\nfunc f() { go f() }\n"}, ""},
		{"no package doc", map[string]string{"loop/doc.go": "package loop\n"}, "loop: has 0 package docs"},
		{"two package docs", map[string]string{"loop/l.go": "// Package loop turns again.\npackage loop\n"}, "loop: has 2 package docs [doc.go l.go]"},
		{"a build tag is no package doc", map[string]string{"loop/l.go": "//go:build linux\npackage loop\n"}, ""},
		{"an empty name", map[string]string{"store/util/u.go": "// Package util is all sorts.\npackage util\n"}, `not "util"`},
		{"long function", map[string]string{"loop/l.go": long}, "loop/l.go#f: 4 lines in the body, the budget is 3"},
		{"long function in a test", map[string]string{"loop/l_test.go": long}, ""},
		{"long generated function", map[string]string{"loop/l.go": "// Code generated by x. DO NOT EDIT.\n\n" + long}, ""},
		{"long method", map[string]string{"loop/l.go": "package loop\n\ntype T[K any] int\n\nfunc (t *T[K]) f() {\n\t_ = 1\n\t_ = 2\n\t_ = 3\n\t_ = 4\n}\n"}, "loop/l.go#T.f: 4 lines"},
		{"wide struct", map[string]string{"loop/l.go": "package loop\n\ntype s struct {\n\ta, b int\n\terror\n}\n"}, "loop/l.go#s: 3 fields, the budget is 2"},
		{"long file", map[string]string{"loop/l_test.go": "package loop\n" + strings.Repeat("\n", 12)}, "loop/l_test.go: 13 lines, the budget is 12"},
		{"large package", map[string]string{"loop/l.go": "package loop\n" + strings.Repeat("\n", 9), "loop/m.go": "package loop\n" + strings.Repeat("\n", 9)}, "loop: 24 lines without tests, the budget is 20"},
		{"test data is passed over", map[string]string{"loop/testdata/x.go": "not Go at all"}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			files := sound()
			maps.Copy(files, test.files)
			one(t, violations(t, files, wheel()), test.want)
		})
	}
}

// S3 holds along the whole way, not only for the first step.
func TestNeverFollowsTheWay(t *testing.T) {
	t.Parallel()
	files, policy := sound(), wheel()
	files["store/s.go"] = "package store\n\nimport _ \"example.com/wheel/loop\"\n"
	policy.Layers[2].May = append(policy.Layers[2].May, "loop")
	found := violations(t, files, policy)
	if !slices.ContainsFunc(found, func(s string) bool { return strings.Contains(s, "store → loop → arena") }) {
		t.Fatalf("the way from store to arena is not reported: %q", found)
	}
}

// A rule that can't fail is itself a violation.
func TestDeadRules(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*archtest.Policy)
		want   string
	}{
		{"misspelt box", func(p *archtest.Policy) {
			p.Layers = append(p.Layers, archtest.Layer{Path: "looop", May: nil, Why: "why"})
		}, `"looop" is no box`},
		{"misspelt pure package", func(p *archtest.Policy) { p.Pure[0].Path = "root" }, `"root" is no box`},
		{"beside an exact rule", func(p *archtest.Policy) {
			p.Layers[2].Path = "store"
			p.Layers = append(p.Layers, archtest.Layer{Path: "store/local", May: []string{"store"}, Why: "why"}, archtest.Layer{Path: "store/local/...", May: []string{"loop"}, Why: "why"},
				archtest.Layer{Path: "arena/...", May: nil, Why: "why"})
		}, ""},
		{"waits for its first package", func(p *archtest.Policy) {
			p.Layers = append(p.Layers, archtest.Layer{Path: "loop/...", May: []string{"arena"}, Why: "why"})
		}, ""},
		{"there twice", func(p *archtest.Policy) { p.Layers = append(p.Layers, p.Layers[3]) }, "layer loop: is there twice"},
		{"no reason", func(p *archtest.Policy) { p.Layers[3].Why = "" }, "layer loop: has no reason"},
		{"vendor that is not required", func(p *archtest.Policy) {
			p.Fences[0].Vendor = append(p.Fences[0].Vendor, "example.com/dp")
		}, "fence example.com/dp: go.mod does not require it"},
		{"planned vendor that came", func(p *archtest.Policy) { p.Fences[0].Planned = true }, "not planned any more"},
		{"pure of nothing", func(p *archtest.Policy) {
			p.Pure = append(p.Pure, archtest.Pure{Path: "loop", Why: "why"})
		}, "pure rule of loop forbids nothing"},
		{"needless exception", func(p *archtest.Policy) { p.Allow["loop/doc.go"] = "it was long once" }, "remove it from the exceptions"},
		{"package that is not there yet", func(p *archtest.Policy) {
			p.Layers = append(p.Layers, archtest.Layer{Path: "arena/later", May: nil, Why: "why"})
		}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			policy := wheel()
			test.change(&policy)
			one(t, violations(t, sound(), policy), test.want)
		})
	}
}

// Two rules cover all that is below the third one's directory, so it holds nothing.
func TestShadowedRule(t *testing.T) {
	t.Parallel()
	files, policy := sound(), wheel()
	delete(files, "store/doc.go")
	files["store/local/doc.go"] = "// Package local keeps here.\npackage local\n\nimport _ \"example.com/db\"\n"
	policy.Layers = append(policy.Layers, archtest.Layer{Path: "store/local", May: nil, Why: "why"})
	one(t, violations(t, files, policy), "layer store/...: governs nothing")
}

func TestExceptionHolds(t *testing.T) {
	t.Parallel()
	files, policy := sound(), wheel()
	files["loop/l_test.go"] = "package loop\n" + strings.Repeat("\n", 12)
	policy.Allow["loop/l_test.go"] = "one long table"
	one(t, violations(t, files, policy), "")
}

func TestLoadReportsWhatItCannotParse(t *testing.T) {
	t.Parallel()
	_, err := archtest.Load(fstest.MapFS{"loop/l.go": {Data: []byte("package")}}, module)
	if err == nil || !strings.Contains(err.Error(), "loop/l.go") {
		t.Fatalf("error %v, want one that names loop/l.go", err)
	}
}

func one(t *testing.T, found []string, want string) {
	t.Helper()
	switch {
	case want == "" && len(found) > 0:
		t.Fatalf("found %q, want none", found)
	case want != "" && (len(found) != 1 || !strings.Contains(found[0], want)):
		t.Fatalf("found %q, want one with %q", found, want)
	}
}
