package api

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Keys of an [Error]'s detail. Values are text: cursors as [pelton.Cursor] prints them, durations as Go prints them.
const (
	DetailNearest    = "nearest"     // the right name that is most like the wrong one
	DetailResume     = "resume"      // the cursor to follow after; empty is the beginning
	DetailOldest     = "oldest"      // cursor of the oldest snapshot that is kept
	DetailLatest     = "latest"      // cursor of the newest
	DetailReason     = "reason"      // trimmed, epoch, slow, closed …
	DetailRetryAfter = "retry_after" // when to try again
)

// Error is the one class of error that leaves the API. Message says what, where and what to do.
type Error struct {
	Code    Code
	Message string
	Detail  map[string]string // nil when there is none; see the Detail constants
}

// Error is the message.
func (e *Error) Error() string { return e.Message }

// Is reports whether target is an [*Error] of the same code, so that errors.Is(err, &Error{Code: NotFound}) works.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code && t.Message == ""
}

// With is e with one more detail.
func (e *Error) With(key, value string) *Error {
	detail := make(map[string]string, len(e.Detail)+1)
	maps.Copy(detail, e.Detail)
	detail[key] = value
	return &Error{Code: e.Code, Message: e.Message, Detail: detail}
}

// Errorf builds an error. A %w is not unwrapped by anybody outside: causes end at the API.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Errorf(format, args...).Error()}
}

// Unknown is the NotFound error of a name that is not among the known ones: what says of which kind it is.
func Unknown(what, name string, known []string) *Error {
	if nearest := Nearest(name, known); nearest != "" {
		return Errorf(NotFound, "%s %q: there is none of this name; did you mean %q?", what, name, nearest).With(DetailNearest, nearest)
	}
	if len(known) == 0 {
		return Errorf(NotFound, "%s %q: there is none of this name; the config has no %s", what, name, what)
	}
	const shown = 8
	list := strings.Join(known[:min(shown, len(known))], ", ")
	if len(known) > shown {
		list += ", …"
	}
	return Errorf(NotFound, "%s %q: there is none of this name; there are: %s", what, name, list)
}

// Nearest is the known name most like name, or empty when none is like it.
func Nearest(name string, known []string) string {
	best, distance := "", max(len(name)/3, 1)+1
	for _, k := range slices.Sorted(slices.Values(known)) {
		if d := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(k)); d < distance {
			best, distance = k, d
		}
	}
	return best
}
