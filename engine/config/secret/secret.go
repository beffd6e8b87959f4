package secret

import (
	"bytes"
	"encoding/json"
	"maps"
	"regexp"
	"strings"
)

// Hidden stands in place of a secret.
const Hidden = "(hidden)"

// names are those of keys whose text is taken for a secret.
var names = regexp.MustCompile(`(?i)(passw|secret|token|credential|api[_-]?key|private[_-]?key|access[_-]?key|authorization|cookie|dsn)`)

// login finds the user and password in an address.
var login = regexp.MustCompile(`://[^/@\s"]+@`)

// private reports whether a key is that of a secret. What ends with _file is only where one lies.
func private(key string) bool { return names.MatchString(key) && !strings.HasSuffix(key, "_file") }

// text hides the text of a key, but not a variable, which only names where the secret is.
func text(key, value string) string {
	if value == "" || !private(key) || strings.HasPrefix(value, "${") && strings.HasSuffix(value, "}") {
		return login.ReplaceAllString(value, "://"+Hidden+"@")
	}
	return Hidden
}

// Map hides the values of names that are those of secrets. shown gives what stands in the file for a value, if that is another.
func Map(m map[string]string, shown func(name string) (string, bool)) map[string]string {
	out := maps.Clone(m)
	for name, value := range m {
		if raw, ok := shown(name); ok {
			value = raw
		}
		out[name] = text(name, value)
	}
	return out
}

// JSON hides the texts below names that are those of secrets, in their order. What is no JSON is hidden as a whole.
func JSON(value []byte) []byte {
	if len(value) == 0 {
		return value
	}
	d := json.NewDecoder(bytes.NewReader(value))
	d.UseNumber()
	var out bytes.Buffer
	if err := copyValue(d, &out, ""); err != nil {
		return []byte(`{}`)
	}
	return out.Bytes()
}

// copyValue copies one value, which stands below a key.
func copyValue(d *json.Decoder, out *bytes.Buffer, key string) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	switch v := t.(type) {
	case json.Delim:
		return copyAll(d, out, v, key)
	case string:
		return write(out, text(key, v))
	case json.Number:
		if private(key) {
			return write(out, Hidden)
		}
		return write(out, v)
	default:
		return write(out, v)
	}
}

// copyAll copies a list or an object; what stands in a list is below the list's key.
func copyAll(d *json.Decoder, out *bytes.Buffer, open json.Delim, key string) error {
	out.WriteString(open.String())
	for first := true; d.More(); first = false {
		if !first {
			out.WriteByte(',')
		}
		below := key
		if open == '{' {
			t, err := d.Token()
			if err != nil {
				return err
			}
			name, _ := t.(string)
			if err := write(out, name); err != nil {
				return err
			}
			if below = key; !private(key) { // else all of it is below that
				below = name
			}
			out.WriteByte(':')
		}
		if err := copyValue(d, out, below); err != nil {
			return err
		}
	}
	end, err := d.Token()
	if err != nil {
		return err
	}
	delim, _ := end.(json.Delim)
	out.WriteString(delim.String())
	return nil
}

func write(out *bytes.Buffer, v any) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	out.Truncate(out.Len() - 1) // the encoder's line break
	return nil
}
