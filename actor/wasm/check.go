package wasm

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// The names of the ABI, and its version.
const (
	abiVersion   = 1
	exportABI    = "pelton_abi"
	exportWindow = "pelton_window"
	exportInit   = "pelton_init"
	exportHandle = "pelton_handle"
	exportReduce = "pelton_reduce"
	exportSave   = "pelton_save"
	exportLoad   = "pelton_load"
	exportMemory = "memory"
	hostModule   = "pelton"
	wasiModule   = "wasi_snapshot_preview1"

	// The import that the rewriter adds; no artifact may have it.
	fuelModule = "pelton_fuel"
	fuelName   = "ask"
)

const i32, i64 = api.ValueTypeI32, api.ValueTypeI64

// signature is the parameters and results of a function.
type signature struct{ params, results []api.ValueType }

// exports are the functions that a guest must have, but for optional ones; of handle and reduce it needs one.
var exports = []struct {
	name string
	signature
}{
	{exportSave, signature{[]api.ValueType{i32}, []api.ValueType{i32}}},
	{exportLoad, signature{[]api.ValueType{i32, i32, i32}, []api.ValueType{i32}}},
	{exportABI, signature{nil, []api.ValueType{i32}}},
	{exportWindow, signature{[]api.ValueType{i32}, []api.ValueType{i32}}},
	{exportInit, signature{[]api.ValueType{i32, i32}, []api.ValueType{i32}}},
	{exportHandle, signature{[]api.ValueType{i32, i32}, []api.ValueType{i32}}},
	{exportReduce, signature{[]api.ValueType{i32, i32}, []api.ValueType{i32}}},
}

// check looks at what the module exports and imports, before any of its code runs.
func check(m wazero.CompiledModule) error {
	functions := m.ExportedFunctions()
	for _, e := range exports {
		f, ok := functions[e.name]
		if !ok {
			if e.name == exportSave || e.name == exportLoad || e.name == exportHandle && functions[exportReduce] != nil || e.name == exportReduce && functions[exportHandle] != nil {
				continue
			}
			return fmt.Errorf("%w: the module does not export the function %q; build it with a Pelton SDK (for Go: github.com/peltonhq/pelton/sdk/go)", ErrABI, e.name)
		}
		if !slices.Equal(f.ParamTypes(), e.params) || !slices.Equal(f.ResultTypes(), e.results) {
			return fmt.Errorf("%w: the function %q is %s, want %s", ErrABI, e.name, shape(f.ParamTypes(), f.ResultTypes()), shape(e.params, e.results))
		}
	}
	if m.ExportedMemories()[exportMemory] == nil {
		return fmt.Errorf("%w: the module does not export its memory as %q", ErrABI, exportMemory)
	}
	if len(m.ImportedMemories()) > 0 {
		return fmt.Errorf("%w: the module imports a memory; it must have its own", ErrABI)
	}
	return checkImports(m)
}

// checkImports names an import that nobody gives; wazero itself would say so only at the first instance.
func checkImports(m wazero.CompiledModule) error {
	for _, f := range m.ImportedFunctions() {
		module, name, _ := f.Import()
		switch module {
		case wasiModule, fuelModule:
		case hostModule:
			given, ok := imports[name]
			if !ok {
				return fmt.Errorf("%w: the module imports pelton.%s, which version %d of the ABI does not have", ErrABI, name, abiVersion)
			}
			if !slices.Equal(f.ParamTypes(), given.params) || !slices.Equal(f.ResultTypes(), given.results) {
				return fmt.Errorf("%w: the import pelton.%s is %s, want %s", ErrABI, name, shape(f.ParamTypes(), f.ResultTypes()), shape(given.params, given.results))
			}
		default:
			return fmt.Errorf("%w: the module imports %s.%s; a plugin is given only the modules %s and %s", ErrABI, module, name, hostModule, wasiModule)
		}
	}
	return nil
}

// shape is a signature as text: "(i32, i32) -> i32".
func shape(params, results []api.ValueType) string {
	s := "(" + types(params) + ")"
	if len(results) > 0 {
		s += " -> " + types(results)
	}
	return s
}

func types(list []api.ValueType) string {
	names := make([]string, len(list))
	for i, t := range list {
		names[i] = api.ValueTypeName(t)
	}
	return strings.Join(names, ", ")
}
