package config

import (
	"encoding"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/peltonhq/pelton/engine/config/words"
)

// EnvPrefix begins the variables that set keys: PELTON_API_LISTEN sets api.listen.
const EnvPrefix = "PELTON_"

// boxes are the keys that the environment and flags can set: the scalars of the top-level boxes.
func (c *Config) boxes() map[string]reflect.Value {
	all := map[string]reflect.Value{}
	v := reflect.ValueOf(c).Elem()
	for i := range v.NumField() {
		box, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		if v.Field(i).Kind() != reflect.Struct || box == "" || box == "-" {
			continue
		}
		for j := range v.Field(i).NumField() {
			name, _, _ := strings.Cut(v.Field(i).Type().Field(j).Tag.Get("yaml"), ",")
			if name != "-" && scalar(v.Field(i).Field(j).Kind()) {
				all[box+"."+name] = v.Field(i).Field(j)
			}
		}
	}
	return all
}

// scalar reports whether one text can set a value of the kind.
func scalar(k reflect.Kind) bool {
	return k != reflect.Struct && k != reflect.Pointer && k != reflect.Map && k != reflect.Slice
}

// variableOf is the variable that sets the key at path.
func variableOf(path string) string {
	return EnvPrefix + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
}

// environment sets what the environment names.
func (b *binder) environment() {
	for _, path := range sorted(b.config.boxes()) {
		if value := b.env[variableOf(path)]; value != "" {
			b.override(Override{Path: path, Value: value, Name: variableOf(path)})
		}
	}
	b.strays()
}

// strays warns of variables that look like keys and set nothing. It is no error: a cluster sets PELTON_API_PORT and
// the like by itself for a service of that name.
func (b *binder) strays() {
	known, boxes := map[string]bool{}, map[string]bool{}
	for path := range b.config.boxes() {
		box, _, _ := strings.Cut(path, ".")
		known[variableOf(path)], boxes[variableOf(box)+"_"] = true, true
	}
	for _, name := range sorted(b.env) {
		for box := range boxes {
			if strings.HasPrefix(name, box) && !known[name] {
				text := "sets nothing; " + words.Hint(name, sorted(known))
				b.config.places.warnings = append(b.config.places.warnings, Warning{Place: Place{File: name}, Text: text})
			}
		}
	}
}

func (b *binder) overrides(all []Override) {
	for _, o := range all {
		b.override(o)
	}
}

// InsecureBind is the flag that allows addresses which are not loopback. No file or variable can.
var InsecureBind = Override{Path: "api.insecure", Value: "true", Name: "--insecure-bind"}

// override sets one key. A path is relative to the working directory here.
func (b *binder) override(o Override) {
	if o == InsecureBind {
		b.config.API.Insecure = true
		return
	}
	b.config.places.at[o.Path] = Place{File: o.Name}
	v, ok := b.config.boxes()[o.Path]
	if !ok {
		b.addf(o.Path, "no such key")
		return
	}
	if o.Path == "store.dir" {
		dir, err := filepath.Abs(o.Value)
		b.set(key{path: o.Path}, err)
		o.Value = dir
	}
	if target, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		b.set(key{path: o.Path}, target.UnmarshalText([]byte(o.Value)))
		return
	}
	b.set(key{path: o.Path}, assign(v, o.Value))
}
