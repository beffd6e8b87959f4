package metrics_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const page = "../../docs/metrics.md"

// TestDocs holds docs/metrics.md against the source: a row for each metric, with its kind, labels and meaning, and no other.
func TestDocs(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	_, table, _ := strings.Cut(string(text), "\n## All metrics\n")
	for line := range strings.Lines(table) {
		if strings.HasPrefix(line, "| `pelton_") {
			documented[strings.TrimSpace(line)] = true
		}
	}
	for _, row := range figures(t) {
		if !documented[row] {
			t.Errorf("%s has no row: %s", page, row)
		}
		delete(documented, row)
	}
	for row := range documented {
		t.Errorf("%s has a row of no metric: %s", page, row)
	}
}

// figures are the rows of all calls of counter, gauge and histogram.
func figures(t *testing.T) (rows []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "collect.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for node := range ast.Preorder(file) {
		call, ok := node.(*ast.CallExpr)
		if !ok {
			continue
		}
		kind, ok := call.Fun.(*ast.Ident)
		if !ok || !slices.Contains([]string{"counter", "gauge", "histogram"}, kind.Name) {
			continue
		}
		var words []string
		for _, arg := range call.Args {
			literal, ok := arg.(*ast.BasicLit)
			if !ok {
				t.Fatalf("collect.go: %s with an argument that is no literal", kind.Name)
			}
			word, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			words = append(words, word)
		}
		rows = append(rows, fmt.Sprintf("| `pelton_%s` | %s | %s | %s |", words[0], kind.Name, strings.Join(words[2:], ", "), words[1]))
	}
	if len(rows) < 50 {
		t.Errorf("only %d metrics found in collect.go", len(rows))
	}
	return rows
}
