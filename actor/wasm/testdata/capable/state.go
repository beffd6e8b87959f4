package main

import (
	"strconv"
	"strings"

	"github.com/peltonhq/pelton/sdk/go"
)

// state is the commands that use kv.
func state(out *pelton.Out, word, rest string) bool {
	kv := out.KV()
	key, value, _ := strings.Cut(rest, " ")
	switch word {
	case "get":
		v, ok := kv.Get([]byte(rest))
		if !ok {
			v = []byte("-")
		}
		out.Emit("out", nil, v)
	case "put":
		kv.Put([]byte(key), []byte(value))
	case "del":
		kv.Delete([]byte(rest))
	case "keys":
		var keys []string
		for key := range kv.Keys([]byte(rest)) {
			keys = append(keys, string(key))
		}
		out.Emit("out", nil, []byte(strings.Join(keys, "+")))
	case "fill":
		n, _ := strconv.Atoi(key)
		size, _ := strconv.Atoi(value)
		for i := range n {
			kv.Put(strconv.AppendInt(nil, int64(i), 10), make([]byte, size))
		}
	default:
		return false
	}
	return true
}
