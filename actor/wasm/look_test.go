package wasm

import (
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
)

// The engine panics on a module whose second function has the type 7 of two; that is an error here.
func TestLook(t *testing.T) {
	engine := wazero.NewRuntime(t.Context())
	t.Cleanup(func() { engine.Close(t.Context()) })
	const module = "\x00asm\x01\x00\x00\x00\x01\x04\x01`\x00\x00\x03\x03\x02\x00\x07\x0a\x09\x02\x04\x00\x10\x01\x0b\x02\x00\x0b"
	if _, err := look(t.Context(), engine, []byte(module)); err == nil || !strings.Contains(err.Error(), "the engine can't read it: ") {
		t.Errorf("got %v", err)
	}
}
