package unit

import (
	"bytes"
	"encoding/json"
)

// JSON is any mapping of the file, as a JSON object; nil when there is none.
type JSON []byte

// MarshalJSON gives the bytes as they are.
func (j JSON) MarshalJSON() ([]byte, error) {
	if len(j) == 0 {
		return []byte("{}"), nil
	}
	return j, nil
}

// MarshalYAML gives the value that the bytes stand for.
func (j JSON) MarshalYAML() (any, error) {
	if len(j) == 0 {
		return map[string]any{}, nil
	}
	d := json.NewDecoder(bytes.NewReader(j))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return nil, err
	}
	return numbers(value), nil
}

// numbers turns json.Number into Go's numbers, which YAML writes without quotes.
func numbers(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for name := range v {
			v[name] = numbers(v[name])
		}
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		if n, err := v.Float64(); err == nil {
			return n
		}
		return v.String()
	}
	return value
}
