package config

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/peltonhq/pelton/engine/config/tree"
)

// text is a scalar's text, with its variables replaced. ok is false when the node is no scalar; then that is noted.
func (b *binder) text(k key, n ast.Node) (text string, ok bool) {
	switch v := n.(type) {
	case *ast.NullNode, nil:
		b.addf(k.path, "has no value")
		return "", false
	case *ast.StringNode:
		text = v.Value
	case *ast.LiteralNode:
		text = v.Value.Value
	case ast.ScalarNode:
		text = v.GetToken().Value
	default:
		quotes := ""
		if strings.HasSuffix(k.path, "]") { // the parser takes the colon of a:1 in [a:1] for a mapping's
			quotes = `; a text with a colon stands in quotes there, for example ["127.0.0.1:9092"]`
		}
		b.addf(k.path, "want one value, not %s%s", describe(n), quotes)
		return "", false
	}
	out, err := b.env.Expand(text)
	if err != nil {
		b.addf(k.path, "%v", err)
		return "", false
	}
	if out != text {
		b.config.places.raw[k.path] = text
	}
	return out, true
}

// describe names a node for messages.
func describe(n ast.Node) string {
	switch n.(type) {
	case *ast.SequenceNode:
		return "a list"
	case ast.MapNode:
		return "a mapping"
	case *ast.NullNode, nil:
		return "nothing"
	case ast.ScalarNode:
		return strconv.Quote(n.GetToken().Value)
	}
	return "this"
}

// object binds any mapping as a JSON object.
func (b *binder) object(k key, n ast.Node, target *JSON) {
	switch n.(type) {
	case ast.MapNode:
	case *ast.NullNode, nil:
		return
	default:
		b.addf(k.path, "want a mapping, not %s", describe(n))
		return
	}
	var out, raw bytes.Buffer
	before := len(b.all)
	b.json(k, n, &out)
	*target = out.Bytes()
	if len(b.all) == before { // else the problems would be noted twice
		b.raw = true
		b.json(k, n, &raw)
		b.raw = false
		b.config.places.raw[k.path] = raw.String()
	}
}

// json writes a node as JSON, keys in the order of the file.
func (b *binder) json(k key, n ast.Node, out *bytes.Buffer) {
	n, ok := b.unwrap(k, n)
	if !ok {
		out.WriteString("null")
		return
	}
	switch v := n.(type) {
	case *ast.SequenceNode:
		out.WriteByte('[')
		for i, element := range v.Values {
			if i > 0 {
				out.WriteByte(',')
			}
			b.json(k.index(i), element, out)
		}
		out.WriteByte(']')
	case ast.MapNode:
		out.WriteByte('{')
		first := true
		b.entries(k, n, "a mapping", func(name string, node ast.Node) {
			if !first {
				out.WriteByte(',')
			}
			first = false
			out.Write(quote(name))
			out.WriteByte(':')
			b.json(k.field(name), node, out)
		})
		out.WriteByte('}')
	case *ast.NullNode, nil:
		out.WriteString("null")
	case *ast.StringNode:
		b.string(k, v, out)
	default:
		b.number(k, n, out)
	}
}

// string writes a string. One that is not quoted in the file is, with its variables replaced, what it would be if its
// text stood there: a number or a bool.
func (b *binder) string(k key, n *ast.StringNode, out *bytes.Buffer) {
	text, ok := b.text(k, n)
	changed := ok && text != n.Value
	if v := plain(text); changed && v != nil && n.Token.Type == token.StringType {
		b.number(k, v, out)
		return
	} else if b.raw && changed && v == nil { // else it would not read as a string again
		text = n.Value
	}
	out.Write(quote(text))
}

// plain is the number or bool that a text without quotes is; nil for other texts.
func plain(text string) ast.Node {
	root, err := tree.Parse([]byte(text), "")
	if err != nil {
		return nil
	}
	switch v := root.(type) {
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return v
	}
	return nil
}

// number writes an integer, float, bool or block of text.
func (b *binder) number(k key, n ast.Node, out *bytes.Buffer) {
	scalar, ok := n.(ast.ScalarNode)
	if !ok {
		b.addf(k.path, "want a value that JSON has, not %s", describe(n))
		out.WriteString("null")
		return
	}
	value := scalar.GetValue()
	if _, literal := n.(*ast.LiteralNode); literal && !b.raw {
		value, _ = b.text(k, n)
	}
	j, err := json.Marshal(value)
	if err != nil {
		b.addf(k.path, "want a value that JSON has, not %s", describe(n))
		j = []byte("null")
	}
	out.Write(j)
}

func quote(text string) []byte {
	j, _ := json.Marshal(text) //nolint:errchkjson // a string always has a JSON form
	return j
}
