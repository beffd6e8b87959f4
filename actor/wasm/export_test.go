package wasm

import "time"

// Processor is the processor time that the calling thread has used; 0 where the system does not tell.
func Processor() time.Duration {
	used, _ := threads()
	return used
}

// Unmetered makes a runtime run artifacts as they are.
func Unmetered(r *Runtime) *Runtime {
	r.bare = true
	return r
}
