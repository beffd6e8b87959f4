package change

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/peltonhq/pelton/engine/config"
)

// flat are the keys of one box, for example "plugins.delays", by their path below it. A list of plain values is one
// value.
func flat(c *config.Config, section, name string) (map[string]string, error) {
	var box any
	switch section {
	case "sources":
		box = c.Sources[name]
	case "plugins":
		box = c.Plugins[name]
	case "sessions":
		box = c.Sessions[name]
	case "sinks":
		box = c.Sinks[name]
	default:
		box = whole(c)
	}
	tree, err := treeOf(box)
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	flatten(tree, "", all)
	return all, nil
}

// whole are the boxes that hold for the whole wheel.
func whole(c *config.Config) any {
	wheel := *c
	wheel.Sources, wheel.Plugins, wheel.Sessions, wheel.Sinks = nil, nil, nil, nil
	return wheel
}

func treeOf(v any) (tree any, err error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	err = d.Decode(&tree)
	return tree, err
}

func flatten(node any, path string, all map[string]string) {
	switch v := node.(type) {
	case nil:
	case map[string]any:
		for name, inner := range v {
			flatten(inner, join(path, name), all)
		}
	case []any:
		if !slices.ContainsFunc(v, func(e any) bool { return leaf(e) == "" }) {
			words := make([]string, len(v))
			for i, e := range v {
				words[i] = leaf(e)
			}
			all[path] = "[" + strings.Join(words, ", ") + "]"
			return
		}
		for i, inner := range v {
			flatten(inner, path+"["+strconv.Itoa(i)+"]", all)
		}
	default:
		all[path] = leaf(v)
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// leaf is a plain value as one would write it; empty when it is none.
func leaf(v any) string {
	switch v := v.(type) {
	case string:
		plain := strings.ReplaceAll(v, "${", "") // a variable, as it stands in the file
		if v == "" || strings.ContainsAny(plain, ",[]{\n\t\"") || v != strings.TrimSpace(v) {
			return strconv.Quote(v)
		}
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}
