package decode

import (
	"bytes"
	"strings"
	"time"
)

// clock reads message times. The text of the last one is kept with its result: neighbours often share their time.
type clock struct {
	layout string
	zone   *time.Location
	fixed  []element // the layout as digits at fixed places; nil when it is not of that kind
	text   []byte
	last   time.Time
}

// element is a number of so many digits, or (unit 0) one literal byte.
type element struct {
	unit   byte // 'Y', 'M', 'D', 'h', 'm', 's'
	digits int
	lit    byte
}

func newClock(c TimeConfig) (*clock, error) {
	zone, err := time.LoadLocation(c.Zone)
	if err != nil {
		return nil, err
	}
	k := &clock{layout: c.Layout, zone: zone}
	if zone == time.UTC {
		k.fixed = compile(c.Layout)
	}
	return k, nil
}

// compile turns a layout of year, month, day, hour, minute, second and punctuation into elements. Such a layout is
// read without allocating; package time reads all others.
func compile(layout string) []element {
	units := []struct {
		text string
		unit byte
	}{{"2006", 'Y'}, {"01", 'M'}, {"02", 'D'}, {"15", 'h'}, {"04", 'm'}, {"05", 's'}}
	var all []element
	seen := map[byte]bool{}
next:
	for rest := layout; rest != ""; {
		for _, u := range units {
			if strings.HasPrefix(rest, u.text) {
				if seen[u.unit] {
					return nil
				}
				seen[u.unit] = true
				all = append(all, element{unit: u.unit, digits: len(u.text)})
				rest = rest[len(u.text):]
				continue next
			}
		}
		// A fraction, 12-hour clock, name or offset is not for this reader. A 'T' between two digits is punctuation.
		if !strings.ContainsRune("/-: ", rune(rest[0])) && (rest[0] != 'T' || !strings.HasPrefix(rest, "T15")) {
			return nil
		}
		all = append(all, element{lit: rest[0]})
		rest = rest[1:]
	}
	if !seen['Y'] || !seen['M'] || !seen['D'] {
		return nil
	}
	return all
}

// parse reads text, in UTC.
func (k *clock) parse(text []byte) (time.Time, bool) {
	if len(text) == 0 {
		return time.Time{}, false
	}
	if bytes.Equal(text, k.text) {
		return k.last, true
	}
	t, ok := k.read(text)
	if ok {
		k.text, k.last = append(k.text[:0], text...), t
	}
	return t, ok
}

func (k *clock) read(text []byte) (time.Time, bool) {
	if k.layout == "" {
		var t time.Time
		err := t.UnmarshalText(text)
		return t.UTC(), err == nil
	}
	if k.fixed != nil {
		if t, ok := k.numbers(text); ok {
			return t, true
		}
		// Package time has the last word: it takes a fraction of a second that the layout does not show.
	}
	t, err := time.ParseInLocation(k.layout, string(text), k.zone)
	return t.UTC(), err == nil
}

func (k *clock) numbers(text []byte) (time.Time, bool) {
	year, month, day, hour, minute, second := 0, 0, 0, 0, 0, 0
	for _, e := range k.fixed {
		if e.unit == 0 {
			if len(text) == 0 || text[0] != e.lit {
				return time.Time{}, false
			}
			text = text[1:]
			continue
		}
		if len(text) < e.digits {
			return time.Time{}, false
		}
		n := 0
		for _, c := range text[:e.digits] {
			if c-'0' > 9 {
				return time.Time{}, false
			}
			n = n*10 + int(c-'0')
		}
		text = text[e.digits:]
		switch e.unit {
		case 'Y':
			year = n
		case 'M':
			month = n
		case 'D':
			day = n
		case 'h':
			hour = n
		case 'm':
			minute = n
		case 's':
			second = n
		}
	}
	if len(text) > 0 || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	// time.Date carries a day that the month does not have over into the next.
	t := time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
	return t, t.Day() == day && day > 0
}
