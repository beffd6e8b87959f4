package secret

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Shown is a config as others may see it: in fields with the tag `secret:"maybe"`, in which users put texts of their own, a
// variable stands as in the file, and what has the name of a secret is hidden. raw has what stands in the file, by path.
func Shown[T any](config T, raw map[string]string) T {
	walk(reflect.ValueOf(&config).Elem(), "", raw)
	return config
}

// walk replaces what is below v, which is a copy; what it points to is copied before it is changed.
func walk(v reflect.Value, path string, raw map[string]string) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			at := strings.TrimPrefix(path+"."+name, ".")
			switch {
			case name == "" || name == "-":
			case f.Tag.Get("secret") == "maybe":
				hide(v.Field(i), at, raw)
			default:
				walk(v.Field(i), at, raw)
			}
		}
	case reflect.Pointer:
		if !v.IsNil() {
			own := reflect.New(v.Type().Elem())
			own.Elem().Set(v.Elem())
			walk(own.Elem(), path, raw)
			v.Set(own)
		}
	case reflect.Map:
		if v.IsNil() || v.Type().Elem().Kind() != reflect.Struct {
			return
		}
		own := reflect.MakeMapWithSize(v.Type(), v.Len())
		for i := v.MapRange(); i.Next(); {
			element := reflect.New(v.Type().Elem()).Elem()
			element.Set(i.Value())
			walk(element, path+"."+i.Key().String(), raw)
			own.SetMapIndex(i.Key(), element)
		}
		v.Set(own)
	default:
	}
}

func hide(v reflect.Value, path string, raw map[string]string) {
	switch own := v.Interface().(type) {
	case map[string]string:
		if own != nil {
			v.Set(reflect.ValueOf(Map(own, func(name string) (string, bool) {
				text, ok := raw[path+"."+name]
				return text, ok
			})))
		}
	case []string:
		own = slices.Clone(own)
		for i := range own {
			if text, ok := raw[path+"["+strconv.Itoa(i)+"]"]; ok {
				own[i] = text
			}
		}
		v.Set(reflect.ValueOf(own))
	default: // bytes that are JSON
		value := v.Bytes()
		if text, ok := raw[path]; ok {
			value = []byte(text)
		}
		v.SetBytes(JSON(value))
	}
}
