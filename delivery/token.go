package delivery

import (
	"errors"
	"strconv"
	"strings"

	"github.com/peltonhq/pelton"
)

// ParseToken takes the token of a held delivery apart: its id and the attempt.
func ParseToken(token string) (pelton.EffectID, uint32, error) {
	i := strings.LastIndexByte(token, '/')
	if i < 0 {
		return pelton.EffectID{}, 0, errors.New("token " + strconv.Quote(token) + ": want DELIVERY/ATTEMPT")
	}
	attempt, err := strconv.ParseUint(token[i+1:], 10, 32)
	if err != nil {
		return pelton.EffectID{}, 0, errors.New("token " + strconv.Quote(token) + ": the attempt is not a number")
	}
	id, err := pelton.ParseEffectID(token[:i])
	return id, uint32(attempt), err
}
