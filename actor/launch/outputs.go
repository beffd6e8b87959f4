package launch

import (
	"fmt"
	"strings"

	"github.com/peltonhq/pelton"
)

// Declares reports whether name is one of the outputs.
func Declares(outputs []pelton.Output, name string) bool {
	for i := range outputs {
		if outputs[i].Name == name {
			return true
		}
	}
	return false
}

// UndeclaredError says that a version does not declare an output that somebody reads.
type UndeclaredError struct {
	Output   string
	Declared []pelton.Output
}

// Error names the output and what there is.
func (e *UndeclaredError) Error() string {
	if len(e.Declared) == 0 {
		return fmt.Sprintf("it does not declare output %q, which is subscribed to, nor any other", e.Output)
	}
	names := make([]string, len(e.Declared))
	for i, o := range e.Declared {
		names[i] = o.Name
	}
	return fmt.Sprintf("it does not declare output %q, which is subscribed to; it declares %s", e.Output, strings.Join(names, ", "))
}
