package config

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
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
	var out bytes.Buffer
	b.json(k, n, &out)
	*target = out.Bytes()
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
	if ok && text != n.Value && n.Token.Type == token.StringType {
		if root, err := parse([]byte(text), ""); err == nil {
			switch v := root.(type) {
			case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
				b.number(k, v, out)
				return
			}
		}
	}
	out.Write(quote(text))
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
	if _, literal := n.(*ast.LiteralNode); literal {
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
