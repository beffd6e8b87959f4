package words

import (
	"fmt"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Nearest is the known name that was probably meant by one that is unknown; empty when none is near.
func Nearest(name string, known []string) string {
	best, distance := "", max(2, len(name)/3)+1
	for _, k := range known {
		d := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(k))
		if d < distance && d < len(k) {
			best, distance = k, d
		}
	}
	return best
}

// Hint is the end of a message about an unknown name: the nearest known one, or all of them.
func Hint(name string, known []string) string {
	switch near := Nearest(name, known); {
	case near != "":
		return fmt.Sprintf("did you mean %q?", near)
	case len(known) == 0:
		return "there is none to choose from"
	}
	return "known are " + strings.Join(known, ", ")
}
