package secret_test

import (
	"encoding/json"
	"testing"

	"github.com/peltonhq/pelton/engine/config/secret"
)

func TestJSON(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		``:                               ``,
		`{}`:                             `{}`,
		`{"late_after":15,"x":[1,true]}`: `{"late_after":15,"x":[1,true]}`,
		`{"password":"hunter2"}`:         `{"password":"(hidden)"}`,
		`{"db":{"API-Key":"k","b":"c"}}`: `{"db":{"API-Key":"(hidden)","b":"c"}}`,
		`{"tokens":["a",{"b":"c"},7]}`:   `{"tokens":["(hidden)",{"b":"(hidden)"},"(hidden)"]}`,
		`{"token":"${TOKEN}"}`:           `{"token":"${TOKEN}"}`,
		`{"token_file":"t"}`:             `{"token_file":"t"}`,
		`{"url":"http://u:p@host/"}`:     `{"url":"http://(hidden)@host/"}`,
		`{"token":"x${TOKEN}"}`:          `{"token":"(hidden)"}`,
		`{"token":"","a":"<&>"}`:         `{"token":"","a":"<&>"}`,
		`{"password`:                     `{}`,
	} {
		if got := string(secret.JSON([]byte(in))); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestMap(t *testing.T) {
	t.Parallel()
	in := map[string]string{"TOKEN": "a", "MODE": "fast", "URL": "https://b"}
	got := secret.Map(in, func(name string) (string, bool) { return "${URL}", name == "URL" })
	if got["TOKEN"] != secret.Hidden || got["MODE"] != "fast" || got["URL"] != "${URL}" || in["TOKEN"] != "a" {
		t.Errorf("%v of %v", got, in)
	}
}

// Whatever goes in, JSON comes out.
func FuzzJSON(f *testing.F) {
	f.Add([]byte(`{"a":[1,{"token":"x"}],"b":null}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		if out := secret.JSON(in); len(in) > 0 && !json.Valid(out) {
			t.Errorf("%q became %q", in, out)
		}
	})
}
