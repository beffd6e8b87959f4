package mqtt

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestMatches(t *testing.T) {
	for filter, topics := range map[string]map[string]bool{
		"#":        {"a": true, "a/b": true, "/": true, "$SYS/x": false},
		"a/b":      {"a/b": true, "a": false, "a/b/c": false, "a/bc": false, "A/b": false},
		"a/+":      {"a/b": true, "a/": true, "a": false, "a/b/c": false},
		"a/#":      {"a": true, "a/": true, "a/b": true, "a/b/c": true, "ab": false},
		"+/b":      {"a/b": true, "/b": true, "b": false, "$SYS/b": false},
		"+":        {"a": true, "": true, "a/b": false, "/": false},
		"a/+/c/#":  {"a/b/c": true, "a/b/c/d/e": true, "a/c": false, "a/b/d": false},
		"$SYS/#":   {"$SYS/x": true, "$SYS": true, "x": false},
		"/a":       {"/a": true, "a": false},
		"a//b":     {"a//b": true, "a/b": false},
		"exact/no": {"": false},
	} {
		for topic, want := range topics {
			if got := matches(filter, topic); got != want {
				t.Errorf("%s matches %s: %t", filter, topic, got)
			}
		}
	}
}

// FuzzMatches compares with a regular expression of the same meaning.
func FuzzMatches(f *testing.F) {
	f.Add("a/+/#", "a/b/c")
	f.Add("+/+", "/")
	f.Add("a/#", "a")
	f.Fuzz(func(t *testing.T, filter, topic string) {
		got := matches(filter, topic) // whatever it gets, it ends
		if want, ok := expression(filter); ok && utf8.ValidString(topic) && want.MatchString(topic) != got {
			t.Errorf("%q matches %q: %t", filter, topic, got)
		}
	})
}

func expression(filter string) (*regexp.Regexp, bool) {
	levels := strings.Split(filter, "/")
	text := "(?s)^"
	for i, l := range levels {
		switch {
		case l == "#" && i == len(levels)-1:
			if i == 0 {
				text += "([^$].*)?"
			} else {
				text = strings.TrimSuffix(text, "/") + "(/.*)?"
			}
		case l == "+":
			if i == 0 {
				text += "([^$/][^/]*)?/"
			} else {
				text += "[^/]*/"
			}
		case strings.ContainsAny(l, "+#"):
			return nil, false
		default:
			text += regexp.QuoteMeta(l) + "/"
		}
	}
	if levels[len(levels)-1] != "#" {
		text = strings.TrimSuffix(text, "/")
	}
	e, err := regexp.Compile(text + "$")
	return e, err == nil
}
