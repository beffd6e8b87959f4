// Package e2e holds tests of the real program, and nothing else: it builds cmd/pelton once, runs wheels with it, kills
// them with -9 and follows them over the API.
//
// # Usage
//
//	go test ./internal/e2e
//	go test ./internal/e2e -run 'TestKill$' -seed 17
//
// # Testing
//
// What a run must come to is computed from the flights themselves, by code that shares nothing with the engine
// (oracle_test.go): every snapshot of every airport, in order, and every line of the sink. Where the random numbers of
// a test come from is printed; -seed repeats them. Tests wait for what a wheel says (the events of `run --json`,
// streams of the API), never for time to pass; the one limit, in main_test.go, is for a hang.
//
//	figures_test.go  the figures of the example; a second run changes nothing (D2, S2)
//	kill_test.go     kill -9 while flights flow, also with deliveries that are deferred and parked (D1-D3, E2, S1-S4)
//	backup_test.go   a store that is copied under flow and restored goes on from there (S1, S2, E2)
//	ingest_test.go   kill -9 under posters: what was answered 202 is there, once (D2, S2)
//	nats_test.go    kill -9 while a NATS stream is read and another one filled (D2, S2)
//	resume_test.go   every transport resumes by cursor alike, across a restart (S1)
//	swap_test.go     ten swaps under flow; what fails leaves the old version; restarts (W1-W3)
//	walk_test.go     every verdict, the parking lot and dead letters, and the way out of both (D1, D2)
//	offline_test.go  init, plugin new, run, edit, swap without a network
//	pressure_test.go nobody reads what a wheel writes; -stuck 1m is the whole proof (A2)
//	pattern_test.go  files of a pattern, packed and not, killed meanwhile; a log that is rotated, also while the wheel is down
//	window_test.go   large messages, shown and copied, through a chain of plugins
//	disk_linux_test.go  the disk is full; -tmpfs fails where no small disk can be mounted (A2)
//	refuse_test.go   what can't be followed or opened is refused, and nothing is lost (S1)
package e2e
