package config

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/peltonhq/pelton/engine/config/rollout"
	"github.com/peltonhq/pelton/engine/config/tree"
	"github.com/peltonhq/pelton/engine/config/words"
)

// maxNodes bounds what aliases can unfold to.
const maxNodes = 100_000

// binder puts the nodes of a file into a Config. The YAML library could decode into structs by itself, but stops at the
// first error and knows no variables; here every problem is noted with its place, and reading goes on.
type binder struct {
	problems

	env     words.Environment
	anchors map[string]ast.Node
	nodes   int
	raw     bool // leave variables in texts as they are
}

func newBinder(c *Config, env words.Environment) *binder {
	return &binder{problems: problems{config: c}, env: env, anchors: map[string]ast.Node{}}
}

// key is where the binder is: the path for messages, and the same path with * for the names that users choose.
type key struct{ path, pattern string }

func (k key) field(name string) key { return k.join(name, name) }

func (k key) named(name string) key { return k.join(name, "*") }

func (k key) join(name, pattern string) key {
	if k.path == "" {
		return key{name, pattern}
	}
	return key{k.path + "." + name, k.pattern + "." + pattern}
}

func (k key) index(i int) key { return key{fmt.Sprintf("%s[%d]", k.path, i), k.pattern + "[]"} }

// file binds the whole file.
func (b *binder) file(root ast.Node) {
	if root != nil {
		b.value(key{}, root, reflect.ValueOf(b.config).Elem())
	}
}

// unwrap follows anchors and aliases. ok is false when the node can't be used.
func (b *binder) unwrap(k key, n ast.Node) (ast.Node, bool) {
	for {
		b.nodes++
		if b.nodes > maxNodes {
			if b.nodes == maxNodes+1 {
				b.addf(k.path, "too large: its aliases unfold to more than %d values", maxNodes)
			}
			return nil, false
		}
		switch v := n.(type) {
		case *ast.AnchorNode:
			b.anchors[v.Name.GetToken().Value] = v.Value
			n = v.Value
		case *ast.AliasNode:
			name := v.Value.GetToken().Value
			target, ok := b.anchors[name]
			if !ok {
				b.addf(k.path, "alias *%s has no anchor &%s before it", name, name)
				return nil, false
			}
			n = target
		case *ast.TagNode:
			b.addf(k.path, "tags (%s) are %s; leave it out", v.Start.Value, NotAvailable)
			return nil, false
		default:
			return n, true
		}
	}
}

// value binds one node.
func (b *binder) value(k key, n ast.Node, v reflect.Value) {
	n, ok := b.unwrap(k, n)
	if !ok {
		return
	}
	if b.special(k, n, v) {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		preset(v.Elem())
		b.value(k, n, v.Elem())
	case reflect.Struct:
		b.fields(k, n, v)
	case reflect.Map:
		b.names(k, n, v)
	case reflect.Slice:
		b.list(k, n, v)
	default:
		b.scalar(k, n, v)
	}
}

// special binds the types that have a form of their own.
func (b *binder) special(k key, n ast.Node, v reflect.Value) bool {
	if !v.CanAddr() {
		return false
	}
	switch target := v.Addr().Interface().(type) {
	case *JSON:
		b.object(k, n, target)
		return true
	case *Order:
		return b.word(k, n, &target.By)
	case *Time:
		return b.word(k, n, &target.Field)
	case *rollout.Percent:
		if _, ok := n.(ast.ScalarNode); ok {
			*target = rollout.Percent{0}
			b.scalar(k, n, reflect.ValueOf(&(*target)[0]).Elem())
			return true
		}
	case encoding.TextUnmarshaler:
		if text, ok := b.text(k, n); ok {
			b.set(k, target.UnmarshalText([]byte(text)))
		}
		return true
	}
	return false
}

// word binds a scalar that stands for a struct with one field; false when the node is no scalar.
func (b *binder) word(k key, n ast.Node, target *string) bool {
	if _, ok := n.(ast.ScalarNode); !ok {
		return false
	}
	if text, ok := b.text(k, n); ok {
		*target = text
	}
	return true
}

// fields binds a mapping whose keys are known.
func (b *binder) fields(k key, n ast.Node, v reflect.Value) {
	known := map[string]reflect.Value{}
	var names []string
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		if name != "" && name != "-" {
			known[name] = v.Field(i)
			names = append(names, name)
		}
	}
	b.entries(k, n, "a mapping with "+strings.Join(names, ", "), func(name string, node ast.Node) {
		at := k.field(name)
		if field, ok := known[name]; ok {
			b.value(at, node, field)
			return
		}
		if message, ok := unavailable(at.pattern); ok {
			b.addf(at.path, "%s", message)
			return
		}
		b.addf(at.path, "unknown key; %s", words.Hint(name, names))
	})
}

// names binds a mapping whose keys are chosen by the user.
func (b *binder) names(k key, n ast.Node, v reflect.Value) {
	if v.IsNil() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	b.entries(k, n, "a mapping of names", func(name string, node ast.Node) {
		b.config.places.names[k.path] = append(b.config.places.names[k.path], name)
		element := reflect.New(v.Type().Elem()).Elem()
		preset(element)
		b.value(k.named(name), node, element)
		v.SetMapIndex(reflect.ValueOf(name), element)
	})
}

// entries calls each for every key of a mapping, with its place noted. Nothing at all is an empty mapping.
func (b *binder) entries(k key, n ast.Node, want string, each func(name string, node ast.Node)) {
	if _, ok := n.(*ast.NullNode); ok || n == nil {
		return
	}
	m, ok := n.(ast.MapNode)
	if !ok {
		b.addf(k.path, "want %s, not %s", want, describe(n))
		return
	}
	for i := m.MapRange(); i.Next(); {
		name, ok := b.name(k, i.Key())
		if !ok {
			continue
		}
		at := k.field(name).path
		b.config.places.at[at] = tree.Place(b.config.File, i.Key())
		each(name, i.Value())
	}
}

// name is the text of a mapping's key.
func (b *binder) name(k key, n ast.MapKeyNode) (string, bool) {
	switch n.(type) {
	case *ast.MergeKeyNode:
		b.addf(k.path, "merge keys (<<) are %s; write the keys out", NotAvailable)
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode:
		return n.GetToken().Value, true
	default:
		b.addf(k.path, "a key is a plain word")
	}
	return "", false
}

// list binds a sequence.
func (b *binder) list(k key, n ast.Node, v reflect.Value) {
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		b.addf(k.path, "want a list, for example [name], not %s", describe(n))
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), 0, len(s.Values)))
	for i, node := range s.Values {
		at := k.index(i)
		b.config.places.at[at.path] = tree.Place(b.config.File, node)
		element := reflect.New(v.Type().Elem()).Elem()
		b.value(at, node, element)
		v.Set(reflect.Append(v, element))
	}
}

// scalar binds a string, number or bool.
func (b *binder) scalar(k key, n ast.Node, v reflect.Value) {
	text, ok := b.text(k, n)
	if ok {
		b.set(k, assign(v, text))
	}
}

// assign sets v by its text.
func assign(v reflect.Value, text string) error {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		if text != "true" && text != "false" {
			return fmt.Errorf("want true or false, not %q", text)
		}
		v.SetBool(text == "true")
	case reflect.Int:
		i, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return fmt.Errorf("want a whole number, not %q", text)
		}
		v.SetInt(i)
	case reflect.Uint64:
		u, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return fmt.Errorf("want a whole number of 0 or more, not %q", text)
		}
		v.SetUint(u)
	case reflect.Float64:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || f-f != 0 {
			return fmt.Errorf("want a number, not %q", text)
		}
		v.SetFloat(f)
	default:
		panic("config: a field of kind " + v.Kind().String())
	}
	return nil
}

func (b *binder) set(k key, err error) {
	if err != nil {
		b.addf(k.path, "%v", err)
	}
}

// preset gives a new element its defaults.
func preset(v reflect.Value) {
	switch target := v.Addr().Interface().(type) {
	case interface{ Preset() }:
		target.Preset()
	case *Source:
		*target = DefaultSource()
	case *File:
		*target = DefaultFile()
	case *Demo:
		*target = DefaultDemo()
	case *Kafka:
		*target = DefaultKafka()
	case *MQTT:
		*target = DefaultMQTT()
	case *Plugin:
		*target = DefaultPlugin()
	case *KV:
		*target = DefaultKV()
	case *Requests:
		*target = DefaultRequests()
	case *Session:
		*target = DefaultSession()
	case *Reduce:
		*target = DefaultReduce()
	case *Sink:
		*target = DefaultSink()
	case *Process:
		*target = DefaultProcess()
	case *NATS:
		*target = DefaultNATS()
	case *SinkNATS:
		*target = DefaultSinkNATS()
	case *SinkHTTP:
		*target = DefaultSinkHTTP()
	case *SinkFile:
		*target = DefaultSinkFile()
	case *SinkKafka:
		*target = DefaultSinkKafka()
	}
}
