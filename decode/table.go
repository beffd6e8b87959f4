package decode

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/peltonhq/pelton"
)

// ErrHeader says that a CSV header is missing or does not have the configured columns.
var ErrHeader = errors.New("csv header")

// place is where in a record a table is.
type place uint8

const (
	fieldStart place = iota
	unquoted
	quoted
	quoteSeen  // a quote inside a quoted field: its end, or the first of two
	returnSeen // "\r" behind the end of a quoted field: only "\n" may follow
	broken     // the record is no CSV; it goes on to the end of its line
)

// table finds the end of a CSV record and the configured columns in one pass, and goes on where it stopped when there
// is more of the record. What it takes is what encoding/csv takes without lazy quotes.
type table struct {
	names   []string // configured columns; the slot of a name is its index
	slots   []int    // by column of the header; -1 when it is not asked for
	columns int      // 0 until the header is known
	found   []pelton.Field

	place   place
	column  int
	start   int  // of the field, relative to the record
	doubled bool // the quoted field has doubled quotes
	fault   fault
}

func newTable(names []string) *table {
	return &table{names: names, found: make([]pelton.Field, len(names))}
}

// begin makes ready for the next record.
func (t *table) begin() {
	t.place, t.column, t.start, t.doubled = fieldStart, 0, 0, false
	clear(t.found)
}

// end scans record from seen on; everything before was scanned by earlier calls. It returns the index behind the
// record's newline, or -1 when the record goes on.
func (t *table) end(record []byte, seen int) int {
	for i := seen; i < len(record); i++ {
		c := record[i]
		switch t.place {
		case fieldStart:
			t.start, t.place, t.doubled = i, unquoted, false
			if c == '"' {
				t.start, t.place = i+1, quoted
				continue
			}
			i-- // look again, as unquoted
		case unquoted:
			for c != ',' && c != '\n' && c != '"' {
				if i++; i == len(record) {
					return -1
				}
				c = record[i]
			}
			switch c {
			case '"':
				t.fail(i, "quote inside an unquoted field")
			case ',':
				t.close(i, pelton.KindString)
			default:
				t.close(lineEnd(record, i, t.start), pelton.KindString)
				return i + 1
			}
		case quoted:
			n := bytes.IndexByte(record[i:], '"')
			if n < 0 {
				return -1
			}
			i += n
			t.place = quoteSeen
		case quoteSeen:
			if t.behind(i, c); c == '\n' {
				return i + 1
			}
		case returnSeen:
			if c == '\n' {
				t.close(i-2, t.kind())
				return i + 1
			}
			t.fail(i-1, "text behind a quoted field")
		case broken:
			n := bytes.IndexByte(record[i:], '\n')
			if n < 0 {
				return -1
			}
			return i + n + 1
		}
	}
	return -1
}

// behind deals with the byte c at i that follows a quote inside a quoted field.
func (t *table) behind(i int, c byte) {
	switch c {
	case '"':
		t.doubled, t.place = true, quoted
	case ',', '\n':
		t.close(i-1, t.kind())
	case '\r':
		t.place = returnSeen
	default:
		t.fail(i, "text behind a quoted field")
	}
}

// last ends the record at the end of the input, where the last newline may be missing.
func (t *table) last(record []byte) {
	switch t.place {
	case fieldStart:
		t.start = len(record)
		t.close(len(record), pelton.KindString)
	case unquoted:
		t.close(lineEnd(record, len(record), t.start), pelton.KindString)
	case quoteSeen:
		t.close(len(record)-1, t.kind())
	case returnSeen:
		t.close(len(record)-2, t.kind())
	case quoted:
		t.fail(len(record), "quoted field has no end")
	case broken:
	}
}

func lineEnd(record []byte, i, start int) int {
	if i > start && record[i-1] == '\r' {
		return i - 1
	}
	return i
}

func (t *table) kind() pelton.Kind {
	if t.doubled {
		return pelton.KindQuoted
	}
	return pelton.KindString
}

func (t *table) close(end int, kind pelton.Kind) {
	if t.column < len(t.slots) {
		if slot := t.slots[t.column]; slot >= 0 {
			t.found[slot] = pelton.Field{Offset: uint32(t.start), Length: uint32(end - t.start), Kind: kind}
		}
	}
	t.column++
	t.place = fieldStart
}

func (t *table) fail(at int, text string) {
	t.place, t.fault = broken, fault{at: at, text: text}
}

// check reports whether the record that ended is one of this table; else reason says what is wrong.
func (t *table) check() bool {
	return t.place != broken && t.column == t.columns
}

func (t *table) reason() string {
	if t.place == broken {
		return fmt.Sprintf("%s at byte %d", t.fault.text, t.fault.at)
	}
	return fmt.Sprintf("the record has %d columns, the header %d", t.column, t.columns)
}

// header takes the first record of the input, in any case without its newline.
func (t *table) header(record []byte) error {
	if !utf8.Valid(record) {
		return fmt.Errorf("%w: not UTF-8", ErrHeader)
	}
	// Every column is located once; there are at most as many as there are commas, and one.
	all := newTable(make([]string, bytes.Count(record, []byte{','})+1))
	for i := range all.names {
		all.slots = append(all.slots, i)
	}
	all.end(record, 0)
	if all.last(record); all.place == broken {
		return fmt.Errorf("%w %.80q: %s at byte %d", ErrHeader, record, all.fault.text, all.fault.at)
	}
	columns := make([]string, all.column)
	for i, f := range all.found[:all.column] {
		columns[i] = string(undouble(nil, record[f.Offset:f.Offset+f.Length], f.Kind))
	}
	return t.match(columns)
}

func (t *table) match(columns []string) error {
	slots := make([]int, len(columns))
	for i, column := range columns {
		slots[i] = -1
		for slot, name := range t.names {
			if name == column {
				slots[i] = slot
			}
		}
	}
	for slot, name := range t.names {
		switch count(slots, slot) {
		case 1:
		case 0:
			return fmt.Errorf("%w has no column %q that decode names; it has %s", ErrHeader, name, strings.Join(columns, ", "))
		default:
			return fmt.Errorf("%w has column %q twice", ErrHeader, name)
		}
	}
	t.slots, t.columns = slots, len(columns)
	return nil
}

func count(slots []int, slot int) int {
	n := 0
	for _, s := range slots {
		if s == slot {
			n++
		}
	}
	return n
}

// undouble appends the text of a located field to dst, with doubled quotes as one.
func undouble(dst, text []byte, kind pelton.Kind) []byte {
	for i := 0; i < len(text); i++ {
		dst = append(dst, text[i])
		if kind == pelton.KindQuoted && text[i] == '"' {
			i++
		}
	}
	return dst
}
