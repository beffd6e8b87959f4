package config

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/peltonhq/pelton/engine/config/words"
)

// maxFile is the largest config file: more is some other file.
const maxFile = 1 << 20

// ErrNotFound says that there is no config file.
var ErrNotFound = errors.New("no config file")

// Override sets one scalar key of a top-level box over file and environment, as a flag does.
type Override struct {
	Path  string // "store.dir"
	Value string
	Name  string // who says so, for messages: "--store"
}

// Load reads and checks the file at path. env is the environment as os.Environ gives it. The error is an [Errors], or
// wraps [ErrNotFound].
func Load(path string, env []string, overrides ...Override) (Config, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return Config{}, fmt.Errorf("%s: %w; give the file as an argument, or make one with `pelton init DIR`", path, ErrNotFound)
	case err != nil:
		return Config{}, Errors{{Place: Place{File: path}, Text: text(err)}}
	case info.IsDir():
		return Config{}, Errors{{Place: Place{File: path}, Text: "is a directory; give the file, for example " + filepath.Join(path, "pelton.yaml")}}
	case info.Size() > maxFile:
		return Config{}, Errors{{Place: Place{File: path}, Text: fmt.Sprintf("has %d bytes; a config has at most 1 MiB", info.Size())}}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return Config{}, Errors{{Place: Place{File: path}, Text: text(err)}}
	}
	return Parse(data, path, env, overrides...)
}

// text is an error of the file system without its path.
func text(err error) string {
	var failure *os.PathError
	if errors.As(err, &failure) {
		return "cannot be read: " + failure.Err.Error()
	}
	return err.Error()
}

// Parse is [Load] of a file's bytes. file names them in messages, and its directory is that of relative paths.
func Parse(data []byte, file string, env []string, overrides ...Override) (Config, error) {
	c := Default()
	c.File = file
	dir, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return Config{}, Errors{{Place: Place{File: file}, Text: err.Error()}}
	}
	c.Dir = dir
	c.places = places{at: map[string]Place{}, names: map[string][]string{}, raw: map[string]string{}}
	root, err := parse(data, file)
	if err != nil {
		return Config{}, err
	}
	b := newBinder(&c, words.NewEnvironment(env))
	b.file(root)
	c.resolve()
	b.environment()
	b.overrides(overrides)
	c.check(&b.problems)
	if err := b.err(); err != nil {
		return Config{}, err
	}
	return c, nil
}

// parse gives the root of the one document, or nil if it is empty.
func parse(data []byte, file string) (root ast.Node, err error) {
	defer func() {
		// The parser has been seen to panic on texts that are no YAML at all; a message without a line is the best left.
		if recover() != nil {
			err = Errors{{Place: Place{File: file}, Text: "is not YAML"}}
		}
	}()
	if bytes.Contains(data, []byte{0}) {
		return nil, Errors{{Place: Place{File: file}, Text: "is not a text file: it has a zero byte"}}
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
				return nil, Errors{{Place: place(file, body), Text: "a second document; a config is one document"}}
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
		return Errors{{Place: Place{File: file}, Text: "is not YAML: " + strings.SplitN(err.Error(), "\n", 2)[0]}}
	}
	at := e.GetToken().Position
	message := "is not YAML: " + e.GetMessage()
	lines := strings.Split(string(data), "\n")
	if at.Line <= len(lines) && strings.Contains(lines[max(at.Line, 1)-1], "${") {
		message += `; inside { } a variable stands in quotes: "${NAME}"`
	}
	return Errors{{Place: Place{File: file, Line: at.Line, Column: at.Column}, Text: message}}
}

// place is where a node begins.
func place(file string, n ast.Node) Place {
	if m, ok := n.(ast.MapNode); ok {
		if i := m.MapRange(); i.Next() {
			n = i.Key()
		}
	}
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return Place{File: file}
	}
	at := n.GetToken().Position
	return Place{File: file, Line: at.Line, Column: at.Column}
}
