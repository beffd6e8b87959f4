//go:build !linux

package wasm

import "time"

func threads() (time.Duration, bool) { return 0, false }
