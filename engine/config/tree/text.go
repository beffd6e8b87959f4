package tree

import (
	"bytes"
	"errors"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/peltonhq/pelton/engine/config/problem"
)

// Parse gives the root of the one document, or nil if it is empty.
func Parse(data []byte, file string) (root ast.Node, err error) {
	defer func() {
		// The parser has been seen to panic on texts that are no YAML at all; a message without a line is the best left.
		if recover() != nil {
			err = problem.Errors{{Place: problem.Place{File: file}, Text: "is not YAML"}}
		}
	}()
	if bytes.Contains(data, []byte{0}) {
		return nil, problem.Errors{{Place: problem.Place{File: file}, Text: "is not a text file: it has a zero byte"}}
	}
	tree, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, syntax(err, data, file)
	}
	for _, doc := range tree.Docs {
		switch body := doc.Body.(type) {
		case nil, *ast.CommentGroupNode:
		default:
			if root != nil {
				return nil, problem.Errors{{Place: Place(file, body), Text: "a second document; a config is one document"}}
			}
			root = body
		}
	}
	return root, nil
}

// syntax is a parser's error with its place, without the picture of the source around it.
func syntax(err error, data []byte, file string) error {
	var e yaml.Error
	if !errors.As(err, &e) || e.GetToken() == nil || e.GetToken().Position == nil {
		return problem.Errors{{Place: problem.Place{File: file}, Text: "is not YAML: " + strings.SplitN(err.Error(), "\n", 2)[0]}}
	}
	at := e.GetToken().Position
	message := "is not YAML: " + e.GetMessage()
	lines := strings.Split(string(data), "\n")
	if at.Line <= len(lines) && strings.Contains(lines[max(at.Line, 1)-1], "${") {
		message += `; inside { } a variable stands in quotes: "${NAME}"`
	}
	return problem.Errors{{Place: problem.Place{File: file, Line: at.Line, Column: at.Column}, Text: message}}
}

// Place is where a node begins.
func Place(file string, n ast.Node) problem.Place {
	if m, ok := n.(ast.MapNode); ok {
		if i := m.MapRange(); i.Next() {
			n = i.Key()
		}
	}
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return problem.Place{File: file}
	}
	at := n.GetToken().Position
	return problem.Place{File: file, Line: at.Line, Column: at.Column}
}
