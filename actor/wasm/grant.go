package wasm

import (
	"fmt"

	"github.com/tetratelabs/wazero"

	"github.com/peltonhq/pelton/actor"
)

// capabilities are the imports that the config grants, by what grants them.
var capabilities = map[string]string{
	"kv_get": "kv", "kv_put": "kv", "kv_delete": "kv", "kv_next": "kv",
	"http_request": "http", "http_status": "http", "http_text": "http",
}

// granted refuses a module that imports what its plugin was not granted.
func granted(m wazero.CompiledModule, env *actor.Env) error {
	for _, f := range m.ImportedFunctions() {
		module, name, _ := f.Import()
		var err error
		switch capability := capabilities[name]; {
		case module != hostModule:
		case capability == "kv" && env.KV == nil:
			err = actor.ErrNoKV
		case capability == "http" && !env.HTTP:
			err = actor.ErrNoHTTP
		}
		if err != nil {
			return fmt.Errorf("the module imports pelton.%s: %w", name, err)
		}
	}
	return nil
}
