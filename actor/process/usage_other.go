//go:build !linux

package process

import "time"

// processorTime is not known here.
func processorTime(int) (time.Duration, bool) { return 0, false }

// memory is not known here.
func memory(int, bool) int64 { return 0 }
