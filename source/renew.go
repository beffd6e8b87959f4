package source

import (
	"errors"
	"strconv"
	"strings"

	"github.com/peltonhq/pelton"
)

// ErrRenewed ends a Read when the content under the lane's name was replaced: the file was truncated, rotated, or got
// its first line only now. What was handed over stays valid; the source is opened again for the new lane.
var ErrRenewed = errors.New("content was replaced")

// ErrUnavailable marks an error of Open that is not of the config: the upstream does not answer.
var ErrUnavailable = errors.New("upstream is not available")

// Unavailable marks an error as an [ErrUnavailable]; its text stays.
func Unavailable(err error) error { return unavailable{err} }

type unavailable struct{ error }

func (u unavailable) Unwrap() error      { return u.error }
func (unavailable) Is(target error) bool { return target == ErrUnavailable }

// Resume is the identity under which a lane goes on and the position it goes on from, given what the store has for its
// source and name: an incarnation ("" when there is none) and a position.
//
// Another incarnation starts at 0. So does the same one if the content ends before the position (see [Renewer]): it
// gets a number behind it, "0f3a…~2", because the identities of the earlier content are used up.
func Resume(l Lane, incarnation string, position uint64) (id pelton.LaneID, from uint64) {
	id = l.ID()
	base, number, _ := strings.Cut(incarnation, "~")
	if base != id.Incarnation {
		return id, 0
	}
	id.Incarnation = incarnation
	if r, ok := l.(Renewer); ok && r.Renewed(position) {
		n, err := strconv.ParseUint(number, 10, 64)
		if err != nil {
			n = 1
		}
		id.Incarnation = base + "~" + strconv.FormatUint(n+1, 10)
		return id, 0
	}
	return id, position
}
