//go:build !wasip1

package pelton

import (
	"bytes"
	"maps"
	"slices"
	"strings"
)

// The state in a test: [Try] begins with none, and a sample that is not acked changes nothing.

func kvGet(o *Out, key []byte) ([]byte, bool) {
	v, ok := o.wheel.(*recorder).state()[string(key)]
	return bytes.Clone(v), ok
}

func kvPut(o *Out, key, value []byte) {
	o.wheel.(*recorder).state()[string(key)] = append([]byte{}, value...)
}

func kvDelete(o *Out, key []byte) { delete(o.wheel.(*recorder).state(), string(key)) }

func kvNext(o *Out, prefix, after []byte) ([]byte, bool) {
	for _, key := range slices.Sorted(maps.Keys(o.wheel.(*recorder).state())) {
		if strings.HasPrefix(key, string(prefix)) && key > string(after) {
			return []byte(key), true
		}
	}
	return nil, false
}
