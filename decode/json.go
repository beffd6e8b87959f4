package decode

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"github.com/peltonhq/pelton"
)

// maxDepth is the deepest nesting of JSON that is accepted, the same as encoding/json's.
const maxDepth = 10000

// node is one step of the configured paths: the members of an object that are looked for.
type node struct {
	name     []byte
	slot     int // in scanner.found; -1 when the value itself is not asked for
	children []*node
}

// scanner checks that a frame is one JSON value and locates the configured members in the same pass. Of a member that
// occurs twice the last one counts, as in encoding/json.
//
// Why not a library: gjson needs a second pass to be sure that the frame is JSON at all; see BenchmarkScan.
type scanner struct {
	data  []byte
	root  *node
	found []pelton.Field
	fault fault
	name  []byte // scratch: an escaped member name, unescaped
}

// fault is where and why a frame is not JSON.
type fault struct {
	at   int
	text string // static
}

func newScanner(paths [][]string) *scanner {
	s := &scanner{root: &node{slot: -1}, found: make([]pelton.Field, len(paths))}
	for slot, path := range paths {
		n := s.root
		for _, part := range path {
			n = n.grow([]byte(part))
		}
		n.slot = slot
	}
	return s
}

func (n *node) grow(name []byte) *node {
	if child := n.find(name); child != nil {
		return child
	}
	child := &node{name: name, slot: -1}
	n.children = append(n.children, child)
	return child
}

func (n *node) find(name []byte) *node {
	for _, child := range n.children {
		if len(child.name) == len(name) && bytes.Equal(child.name, name) {
			return child
		}
	}
	return nil
}

// scan reports whether data is one JSON value; s.found then has the members, else s.fault says what is wrong. Whether
// the text is UTF-8 is not looked at.
func (s *scanner) scan(data []byte) bool {
	s.data = data
	clear(s.found)
	i := s.value(space(data, 0), 0, s.root)
	if i < 0 {
		return false
	}
	if i = space(data, i); i < len(data) {
		s.fail(i, "text behind the value")
		return false
	}
	return true
}

func (s *scanner) fail(at int, text string) int {
	if at >= len(s.data) {
		at, text = len(s.data), "ends too early"
	}
	s.fault = fault{at: at, text: text}
	return -1
}

// value scans the value at i and returns the index behind it, or -1. n is what is looked for inside it, or nil.
func (s *scanner) value(i, depth int, n *node) int {
	if i >= len(s.data) {
		return s.fail(i, "")
	}
	start, kind, end := i, pelton.KindJSON, 0
	switch c := s.data[i]; c {
	case '"':
		escaped := false
		start = i + 1
		end, escaped = s.text(start)
		kind = pelton.KindString
		if escaped {
			kind = pelton.KindEscaped
		}
		i = end + 1
	case '{':
		end = s.object(i+1, depth+1, n)
		i = end
	case '[':
		end = s.array(i+1, depth+1)
		i = end
	case 't':
		kind, end = pelton.KindBool, s.literal(i, "true")
		i = end
	case 'f':
		kind, end = pelton.KindBool, s.literal(i, "false")
		i = end
	case 'n':
		kind, end = pelton.KindNull, s.literal(i, "null")
		i = end
	default:
		if c != '-' && c-'0' > 9 {
			return s.fail(i, "not the start of a value")
		}
		kind, end = pelton.KindNumber, s.number(i)
		i = end
	}
	if end < 0 {
		return -1
	}
	if n != nil && n.slot >= 0 {
		s.found[n.slot] = pelton.Field{Offset: uint32(start), Length: uint32(end - start), Kind: kind}
	}
	return i
}

// object scans the members from behind "{" to behind "}".
func (s *scanner) object(i, depth int, n *node) int {
	if depth > maxDepth {
		return s.fail(i-1, "nested too deep")
	}
	data := s.data
	if i = space(data, i); i < len(data) && data[i] == '}' {
		return i + 1
	}
	for {
		if i >= len(data) || data[i] != '"' {
			return s.fail(i, "want a member name")
		}
		end, escaped := s.text(i + 1)
		if end < 0 {
			return -1
		}
		var child *node
		if n != nil && len(n.children) > 0 {
			child = s.member(n, data[i+1:end], escaped)
		}
		if i = space(data, end+1); i >= len(data) || data[i] != ':' {
			return s.fail(i, "want ':' behind a member name")
		}
		if i = s.value(space(data, i+1), depth, child); i < 0 {
			return -1
		}
		i = space(data, i)
		if i < len(data) && data[i] == ',' {
			i = space(data, i+1)
			continue
		}
		if i < len(data) && data[i] == '}' {
			return i + 1
		}
		return s.fail(i, "want ',' or '}' behind a member")
	}
}

// member is what is looked for under this name. A member that repeats replaces everything found below the first.
func (s *scanner) member(n *node, name []byte, escaped bool) *node {
	if escaped {
		s.name = unescape(s.name[:0], name)
		name = s.name
	}
	child := n.find(name)
	if child != nil && len(child.children) > 0 {
		s.forget(child)
	}
	return child
}

func (s *scanner) forget(n *node) {
	if n.slot >= 0 {
		s.found[n.slot] = pelton.Field{}
	}
	for _, child := range n.children {
		s.forget(child)
	}
}

// array scans the elements from behind "[" to behind "]". No path leads into an array.
func (s *scanner) array(i, depth int) int {
	if depth > maxDepth {
		return s.fail(i-1, "nested too deep")
	}
	data := s.data
	if i = space(data, i); i < len(data) && data[i] == ']' {
		return i + 1
	}
	for {
		if i = s.value(i, depth, nil); i < 0 {
			return -1
		}
		i = space(data, i)
		if i < len(data) && data[i] == ',' {
			i = space(data, i+1)
			continue
		}
		if i < len(data) && data[i] == ']' {
			return i + 1
		}
		return s.fail(i, "want ',' or ']' behind an element")
	}
}

func (s *scanner) literal(i int, word string) int {
	if rest := s.data[i:]; len(rest) < len(word) || string(rest[:len(word)]) != word {
		return s.fail(i, "not the start of a value")
	}
	return i + len(word)
}

// number scans -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)? from i.
func (s *scanner) number(i int) int {
	data := s.data
	if data[i] == '-' {
		i++
	}
	first := i
	if i = digits(data, i); i == first {
		return s.fail(i, "want a digit")
	}
	if data[first] == '0' && i > first+1 {
		return s.fail(first+1, "a number does not start with 0")
	}
	if i < len(data) && data[i] == '.' {
		if first, i = i+1, digits(data, i+1); i == first {
			return s.fail(i, "want a digit behind '.'")
		}
	}
	if i < len(data) && data[i]|0x20 == 'e' {
		if i++; i < len(data) && (data[i] == '+' || data[i] == '-') {
			i++
		}
		if first, i = i, digits(data, i); i == first {
			return s.fail(i, "want a digit in the exponent")
		}
	}
	return i
}

func digits(data []byte, i int) int {
	for i < len(data) && data[i]-'0' <= 9 {
		i++
	}
	return i
}

func space(data []byte, i int) int {
	for i < len(data) && data[i] <= ' ' {
		if c := data[i]; c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			break
		}
		i++
	}
	return i
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// text scans the text of a string from behind its opening quote and returns the index of the closing one, or -1. It
// looks at eight bytes at a time: x-n*ones &^ x has the high bit of the lowest byte of x that is less than n, and of none
// below it. A quote is found with the control characters: with bit 1 turned over it is 0x20, a space 0x22.
func (s *scanner) text(i int) (end int, escaped bool) {
	data := s.data
	for {
		for i+8 <= len(data) {
			w := binary.LittleEndian.Uint64(data[i:])
			end, slash := w^(ones*2), w^(ones*'\\')
			m := ((end-ones*0x21)&^end | (slash-ones)&^slash) & highs
			if m != 0 {
				i += bits.TrailingZeros64(m) >> 3
				break
			}
			i += 8
		}
		for i < len(data) && data[i] != '"' && data[i] != '\\' && data[i] >= ' ' {
			i++
		}
		switch {
		case i >= len(data):
			return s.fail(i, ""), false
		case data[i] == '"':
			return i, escaped
		case data[i] != '\\':
			return s.fail(i, "control character in a string"), false
		}
		if i = s.escape(i + 1); i < 0 {
			return -1, false
		}
		escaped = true
	}
}

// escape scans an escape from behind its backslash.
func (s *scanner) escape(i int) int {
	if i >= len(s.data) {
		return s.fail(i, "")
	}
	switch s.data[i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 1
	case 'u':
		for k := i + 1; k < i+5; k++ {
			if k >= len(s.data) || unhex(s.data[k]) < 0 {
				return s.fail(k, "want four hex digits behind \\u")
			}
		}
		return i + 5
	}
	return s.fail(i, "unknown escape in a string")
}
