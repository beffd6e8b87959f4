package wasm_test

import (
	"runtime"
	"slices"
	"testing"
)

// An artifact whose names lie about how many they are is loaded, and takes no memory for those that are not there.
func TestNamesThatLie(t *testing.T) {
	artifact := slices.Concat(plain().bytes(), []byte("\x00\x0d\x04name\x01\x06\xff\xff\xff\x7f\x00\x00"))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	load(t, artifact)
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 512<<20 {
		t.Errorf("loading it took %d MiB", took>>20)
	}
}
