// Package process runs plugins that are programs of their own, in any language: it starts them, speaks
// pelton.plugin.v1 with them over gRPC, watches them and ends them. docs/process.md is the guide to writing one.
//
//	Program ─Pack─▶ artifact (a tar) ─Load─▶ module: the files, laid out ─Start─▶ a process per instance
//
//	turn ──▶ Handle, in batches of up to 1 MiB ──▶ process ──▶ Answer, in parts ──▶ checked, into the turn
//	                                               │  stdout, stderr ──▶ the plugin's log
//	                  watch: processor time, clock, memory ──▶ kill of the process group
//
// # Usage
//
//	runtime, err := process.New(process.Options{Dir: cache})
//	program, err := runtime.Program(process.Config{Command: []string{"python3", "main.py"}, Dir: "plugins/delays"})
//	artifact, err := program.Pack()
//	module, err := program.Load(ctx, artifact)
//	instance, err := module.Start(ctx, actor.Env{…})
//
// The wheel is the server and the process the client: it attaches to a socket whose name it finds in its environment.
// So a plugin needs no port, no server and no thread, it is ready when it is there, and it sees the end of the wheel as the
// end of its stream.
//
// # Ordering
//
// The batches of a turn follow each other: one is sent when the one before is answered. D3: a delivery whose predecessor of
// the same key is in an earlier batch is sent only if that one was acked or dead; within a batch the plugin sees to it,
// and the wheel checks it.
//
// # Ownership
//
// A turn's bytes are encoded before the call that sends them returns; nothing of them is kept. An [Instance] has three
// goroutines beside those of gRPC: one that waits for the process, one that watches it, and the handler of its stream,
// which reads. All of them end with the process. A [Runtime] has one that starts processes, on a thread of its own, because Linux ends
// a child when the thread that made it ends.
//
// # Failure
//
// P1: a process that exits, hangs, eats memory, answers nonsense or closes its stream is ended with its whole group, and
// its turn is a fault; the actor then starts another. A verdict outside the protocol, an emit to an undeclared output or
// over limits.output fails its delivery only, and the process goes on. One that left between two turns is started anew
// before the next, which is not to blame.
//
// limits.time is processor time of the process, all its threads together, since its last answer (Linux). What waits
// without using the processor is ended after 10 times limits.time, at least limits.time and 2 s. limits.memory is the memory that the process
// and its children hold privately, looked at 50 times a second (Linux): a process can be over it for that long. On other systems
// only the clock is watched. A program that moves into another session on purpose leaves the group, and outlives it.
//
// # Testing
//
// The conformance kit runs on a Go program that the tests build. testdata/hostile is a program that breaks each rule in
// turn. .ci/steps/61-python.sh runs the same kit on a Python program.
package process
