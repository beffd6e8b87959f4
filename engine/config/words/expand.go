package words

import (
	"fmt"
	"regexp"
	"strings"
)

// variable is ${NAME} or ${NAME:-default}; $${ is a plain "${".
var variable = regexp.MustCompile(`\$?\$\{[^}]*\}?`)

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// Environment is the variables of a process.
type Environment map[string]string

// NewEnvironment reads pairs NAME=value.
func NewEnvironment(env []string) Environment {
	e := Environment{}
	for _, pair := range env {
		if name, value, ok := strings.Cut(pair, "="); ok && name != "" {
			e[name] = value
		}
	}
	return e
}

// Expand replaces the variables of text. A variable that is empty counts as unset, as in a shell's ":-". Values are
// not expanded again.
func (e Environment) Expand(text string) (string, error) {
	var failed error
	out := variable.ReplaceAllStringFunc(text, func(match string) string {
		if strings.HasPrefix(match, "$$") {
			return match[1:]
		}
		inner, closed := strings.CutSuffix(match[2:], "}")
		name, standard, hasDefault := strings.Cut(inner, ":-")
		value := e[name]
		switch {
		case !closed:
			failed = fmt.Errorf("%q has no closing brace", match)
		case !variableName.MatchString(name):
			failed = fmt.Errorf("%q is not a variable; want ${NAME} or ${NAME:-default}, or $${ for a plain ${", match)
		case value != "":
			return value
		case !hasDefault:
			failed = fmt.Errorf("environment variable %s is not set; set it, or give a default: ${%s:-default}", name, name)
		}
		return standard
	})
	return out, failed
}
