package revision

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// Built are the languages and tools that a WebAssembly module says it was made by, in its section "producers": as
// "language Go go1.26". None for what says nothing, or is no module.
func Built(artifact []byte) []string {
	section, err := producers(artifact)
	if err != nil {
		return nil
	}
	built, err := tools(section)
	if err != nil {
		return nil
	}
	return built
}

var errModule = errors.New("it is not a WebAssembly module, or a part of it is cut off")

const (
	magic  = "\x00asm\x01\x00\x00\x00"
	custom = 0
)

// producers finds the section; empty when there is none.
func producers(artifact []byte) (reader, error) {
	if !bytes.HasPrefix(artifact, []byte(magic)) {
		return nil, errModule
	}
	for r := reader(artifact[len(magic):]); len(r) > 0; {
		id := r[0]
		r = r[1:]
		body, err := r.bytes()
		if err != nil {
			return nil, err
		}
		if id != custom {
			continue
		}
		section := reader(body)
		name, err := section.bytes()
		if err != nil {
			return nil, err
		}
		if string(name) == "producers" {
			return section, nil
		}
	}
	return nil, nil
}

// tools reads the section: fields, each with a list of names and versions.
func tools(r reader) (built []string, err error) {
	if len(r) == 0 {
		return nil, nil
	}
	fields, err := r.uint()
	if err != nil {
		return nil, err
	}
	for ; fields > 0; fields-- {
		field, err := r.bytes()
		if err != nil {
			return nil, err
		}
		n, err := r.uint()
		if err != nil {
			return nil, err
		}
		for ; n > 0; n-- {
			name, err := r.bytes()
			if err != nil {
				return nil, err
			}
			version, err := r.bytes()
			if err != nil {
				return nil, err
			}
			built = append(built, fmt.Sprintf("%s %s %s", field, name, version))
		}
	}
	return built, nil
}

// reader reads numbers and byte strings in WebAssembly's encoding.
type reader []byte

func (r *reader) uint() (uint64, error) {
	v, n := binary.Uvarint(*r)
	if n <= 0 {
		return 0, errModule
	}
	*r = (*r)[n:]
	return v, nil
}

func (r *reader) bytes() ([]byte, error) {
	n, err := r.uint()
	if err != nil {
		return nil, err
	}
	if n > uint64(len(*r)) {
		return nil, errModule
	}
	b := (*r)[:n]
	*r = (*r)[n:]
	return b, nil
}
