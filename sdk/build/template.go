package build

import (
	"fmt"
	"regexp"
	"strings"
)

// File is one file of a new plugin.
type File struct {
	Name string // relative to the plugin's directory
	Data []byte
}

var pluginName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,62}$`)

// Template is the files of a new Go plugin that passes messages on: a starting point, with a test. sdk is the
// directory that [Install] returned; with it there is a go.work, which is this machine's own and is ignored by git,
// so that editors and `go test` find the SDK. The wheel's builder does not use it.
func Template(name, sdk string) ([]File, error) {
	if !pluginName.MatchString(name) {
		return nil, fmt.Errorf("plugin name %q: want a lower-case letter, then lower-case letters, digits, - and _ (at most 63)", name)
	}
	fill := strings.NewReplacer("NAME", name, "SDK", SDK, "DIR", sdk)
	files := []File{
		{"go.mod", []byte(fill.Replace(templateMod))},
		{"main.go", []byte(fill.Replace(templateMain))},
		{"main_test.go", []byte(fill.Replace(templateTest))},
	}
	if sdk != "" {
		files = append(files, File{"go.work", []byte(fill.Replace(templateWork))}, File{".gitignore", []byte("go.work\ngo.work.sum\n")})
	}
	return files, nil
}

const templateMod = `module NAME

go 1.24

require SDK v0.0.0
`

const templateWork = `go 1.24

use .

replace SDK => DIR
`

const templateMain = `// Plugin NAME passes each message on.
package main

import "SDK"

func init() { pelton.Handle(handle) }

func main() {}

func handle(m *pelton.Message, out *pelton.Out) pelton.Verdict {
	out.Emit("default", m.Key(), m.Payload())
	return pelton.Ack()
}
`

const templateTest = `package main

import (
	"testing"

	"SDK"
)

func TestMessagePassesOn(t *testing.T) {
	results, err := pelton.Try("", pelton.Sample{Key: []byte("k"), Payload: []byte("hello")})
	if err != nil {
		t.Fatal(err)
	}
	if got := results[0]; got.Verdict != pelton.Ack() || string(got.Emits[0].Payload) != "hello" {
		t.Errorf("got %s and %q", got.Verdict, got.Emits)
	}
}
`
