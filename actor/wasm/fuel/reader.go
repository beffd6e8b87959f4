package fuel

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// Errors of [Rewrite]; both are wrapped by [Error].
var (
	// ErrMalformed is a module that breaks the binary format.
	ErrMalformed = errors.New("malformed")
	// ErrUnsupported is a feature of WebAssembly that is not counted, so that it can't be let in.
	ErrUnsupported = errors.New("not supported")
)

// Error says where in the module something is wrong.
type Error struct {
	Section string // "code", "import" …; empty: the header
	Offset  int    // in the module, in bytes
	Err     error  // wraps ErrMalformed or ErrUnsupported
}

// Error is "section code at 0x1f3: …".
func (e *Error) Error() string {
	if e.Section == "" {
		return e.Err.Error()
	}
	return fmt.Sprintf("section %s at %#x: %s", e.Section, e.Offset, e.Err)
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// reader takes bytes apart. Its first error stays, and from then on it gives zeroes: a caller looks at err once in a
// while, at least before it uses a number as a size, which read by size does itself.
type reader struct {
	b   []byte
	at  int
	err error
}

func (r *reader) failf(kind error, format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s", kind, fmt.Sprintf(format, args...))
	}
}

func (r *reader) more() bool { return r.err == nil && r.at < len(r.b) }

func (r *reader) byte() byte {
	if r.err != nil || r.at >= len(r.b) {
		r.failf(ErrMalformed, "it ends too early")
		return 0
	}
	b := r.b[r.at]
	r.at++
	return b
}

// bytes are the next n, borrowed.
func (r *reader) bytes(n uint32) []byte {
	if r.err != nil || uint64(n) > uint64(len(r.b)-r.at) {
		r.failf(ErrMalformed, "it ends too early")
		return nil
	}
	b := r.b[r.at : r.at+int(n)]
	r.at += int(n)
	return b
}

func (r *reader) name() string {
	b := r.bytes(r.u32())
	if !utf8.Valid(b) {
		r.failf(ErrMalformed, "a name is not UTF-8")
	}
	return string(b)
}

// u32 is an unsigned LEB128 number. An encoding that is longer than it may be is refused: what another decoder would
// make of it is not known.
func (r *reader) u32() uint32 {
	var v uint32
	for shift := 0; shift < 35; shift += 7 {
		b := r.byte()
		if shift == 28 && b > 0x0f {
			break
		}
		v |= uint32(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
	r.failf(ErrMalformed, "a number is longer than 32 bits")
	return 0
}

// signed is a signed LEB128 number of so many bits.
func (r *reader) signed(bits int) int64 {
	var v int64
	for shift := 0; shift < bits; shift += 7 {
		b := r.byte()
		v |= int64(b&0x7f) << shift
		if b >= 0x80 {
			continue
		}
		if used := bits - shift; used < 7 { // the bits that are too many repeat the sign
			if top := int8(b<<1) >> used; top != 0 && top != -1 {
				break
			}
		}
		if shift+7 < 64 && b&0x40 != 0 {
			v |= -1 << (shift + 7)
		}
		return v
	}
	r.failf(ErrMalformed, "a number is longer than %d bits", bits)
	return 0
}

// mostItems is a bound that browsers have too.
const mostItems = 1_000_000

// count is the length of a list, each item of which takes a byte at least. Engines make room for a list before they
// read it: one that lies about its length would take all memory of the host.
func (r *reader) count() int {
	n := r.u32()
	switch {
	case uint64(n) > uint64(len(r.b)-r.at):
		r.failf(ErrMalformed, "a list of %d is longer than what it is in", n)
		return 0
	case n > mostItems:
		r.failf(ErrUnsupported, "a list of %d, more than %d", n, mostItems)
		return 0
	}
	return int(n)
}

// index is an index below limit.
func (r *reader) index(what string, limit int) uint32 {
	i := r.u32()
	if r.err == nil && uint64(i) >= uint64(limit) {
		r.failf(ErrMalformed, "%s %d of %d", what, i, limit)
		return 0
	}
	return i
}

// Value types.
const (
	typeI32       = 0x7f
	typeV128      = 0x7b
	typeFuncref   = 0x70
	typeExternref = 0x6f
)

func (r *reader) valueType() byte {
	t := r.byte()
	switch {
	case r.err != nil, t >= typeV128 && t <= typeI32, t == typeFuncref, t == typeExternref:
	default:
		r.failf(ErrUnsupported, "the type %#x (typed references, exceptions and garbage collection are not known)", t)
	}
	return t
}

func (r *reader) referenceType() {
	if t := r.byte(); r.err == nil && t != typeFuncref && t != typeExternref {
		r.failf(ErrUnsupported, "the reference type %#x", t)
	}
}

// limits are those of a table or memory; has tells whether there is a maximum.
func (r *reader) limits() (least, most uint32, has bool) {
	switch flags := r.byte(); {
	case flags > 7:
		r.failf(ErrMalformed, "limits of the form %#x", flags)
	case flags&4 != 0:
		r.failf(ErrUnsupported, "64-bit memory")
	case flags&2 != 0:
		r.failf(ErrUnsupported, "shared memory (threads)")
	case flags == 0:
		return r.u32(), 0, false
	default:
		return r.u32(), r.u32(), true
	}
	return 0, 0, false
}

// leb appends v as unsigned LEB128.
func leb(b []byte, v uint32) []byte {
	for v >= 0x80 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v))
}

// text appends a name.
func text(b []byte, s string) []byte { return append(leb(b, uint32(len(s))), s...) }
