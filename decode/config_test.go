package decode

import (
	"fmt"
	"strings"
	"testing"
)

func TestConfigValidate(t *testing.T) {
	var many []string
	for i := range MaxFields + 1 {
		many = append(many, fmt.Sprint("f", i))
	}
	for _, c := range []struct {
		config Config
		want   string // empty: valid
	}{
		{Config{}, ""},
		{Config{Format: CSV, Framing: Records, Key: "a.b."}, ""},
		{Config{Format: JSON, Framing: Length, Key: "a.b", Fields: []string{"a.b", "a"}, Time: TimeConfig{Field: "t", Layout: "15:04", Zone: "Europe/Zurich"}}, ""},
		{Config{Format: "xml"}, `decode.format "xml": want json, csv or raw`},
		{Config{Framing: "line"}, `decode.framing "line": want lines, length, raw or csv`},
		{Config{Format: CSV, Framing: Lines}, `decode.framing "lines" does not go with decode.format "csv"`},
		{Config{Format: JSON, Framing: Records}, `decode.framing "csv" does not go with decode.format "json"`},
		{Config{MaxMessage: -1}, "max_message -1: want a positive size"},
		{Config{MaxMessage: 2 << 30}, "max_message 2147483648: at most 1 GiB"},
		{Config{Format: JSON, Fields: many}, "decode.fields has 65 names: at most 64"},
		{Config{Format: JSON, Fields: []string{"a", "", "b"}}, "decode.fields[1] is empty"},
		{Config{Format: JSON, Fields: []string{"a", "b", "a"}}, `decode.fields names "a" twice`},
		{Config{Key: "a"}, `decode.key "a" needs a format with fields`},
		{Config{Fields: []string{"a"}}, `decode.fields "a" needs a format with fields`},
		{Config{Time: TimeConfig{Field: "a"}}, `decode.time.field "a" needs a format with fields`},
		{Config{Format: JSON, Key: "a..b"}, `decode.key "a..b": a path has an empty part`},
		{Config{Format: JSON, Time: TimeConfig{Layout: "2006"}}, "decode.time.field is missing"},
		{Config{Format: JSON, Time: TimeConfig{Field: "t", Zone: "UTC"}}, `decode.time.zone "UTC" needs a layout`},
		{Config{Format: JSON, Time: TimeConfig{Field: "t", Layout: "2006", Zone: "Mars/Olympus"}}, `decode.time.zone "Mars/Olympus" is unknown`},
		{Config{Format: JSON, Time: TimeConfig{Field: "t", Layout: "yyyy-mm-dd"}}, `decode.time.layout "yyyy-mm-dd" has no element`},
	} {
		err := c.config.Validate()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)) {
			t.Errorf("%+v: got %v, want %s", c.config, err, c.want)
		}
		if _, errNew := New(c.config, nil, nil, nil, nil); (errNew == nil) != (err == nil) {
			t.Errorf("%+v: New says %v, Validate %v", c.config, errNew, err)
		}
	}
}
