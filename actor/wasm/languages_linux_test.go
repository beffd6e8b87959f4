//go:build sdks

package wasm_test

import "testing"

func TestLanguagesConformMapped(t *testing.T) {
	for _, lang := range foreign {
		t.Run(lang, func(t *testing.T) { conformMapped(t, "testdata/"+lang) })
	}
}
