package arena

import (
	"errors"
	"fmt"
	"math"
)

// Options describes an arena. Every field is required.
type Options struct {
	Name       string // for errors and statistics, for example the source's name
	Size       int64  // bytes, the ceiling (A2); rounded down to whole pages of 4 KiB
	MaxMessage int64  // bytes of the largest block that a lane may ask for; at most Size/4
}

const (
	page     = 4 << 10 // bytes; the unit of allocation, so that a block can be mapped elsewhere
	maxSize  = 1 << 40 // bytes; what mmap gives on every supported system, and page numbers fit 32 bits
	quarters = 4       // MaxMessage is at most Size/quarters, so that two lanes have their shares
)

// Validate reports the first option that cannot work.
func (o Options) Validate() error {
	switch {
	case o.Name == "":
		return errors.New("arena: the name is empty")
	case o.MaxMessage <= 0 || o.MaxMessage > math.MaxInt32:
		return fmt.Errorf("arena %s: max_message is %d bytes, want 1 to %d", o.Name, o.MaxMessage, math.MaxInt32)
	case o.Size > maxSize:
		return fmt.Errorf("arena %s: size is %d bytes, at most %d are possible", o.Name, o.Size, int64(maxSize))
	case o.MaxMessage > o.Size/quarters:
		return fmt.Errorf("arena %s: max_message of %d bytes is more than a quarter of the size of %d bytes: raise size or lower max_message", o.Name, o.MaxMessage, o.Size)
	case o.Size/page/2 <= int64(pages(o.MaxMessage)):
		need := quarters * int64(pages(o.MaxMessage)) * page
		return fmt.Errorf("arena %s: size of %d bytes is too small for max_message of %d bytes in pages of %d: raise size to %d", o.Name, o.Size, o.MaxMessage, page, need)
	}
	return nil
}

// pages is how many pages n bytes need.
func pages(n int64) int { return int((n + page - 1) / page) }
