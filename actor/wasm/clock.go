package wasm

import "time"

// clock tells how much processor time the calling thread has used. limits.time is measured by it, since a machine with
// more work than processors lets a turn wait for longer than it runs. It is false where the system does not tell, and
// time is then that on the wall. Tests have their own.
type clock func() (used time.Duration, known bool)
