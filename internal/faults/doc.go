// Program faults runs the real wheel through what it promises to survive, and prints what came of it as tables: it is
// killed, its power is cut, its disk fails, fills up and slows down, its network and brokers do badly, its clock jumps, and
// messages are poison. docs/guarantees.md has the tables of a long run.
//
//	feeds ─▶ wheel (a child: cmd/pelton) ─▶ plugin (a child of it) ─▶ session, file sink
//	  │        │ store and sink's file: a directory, or a disk of package disk     │
//	  └────────┴────────────▶ record: lost? out of order? twice? early? ◀──────────┘
//
// # Usage
//
//	cd internal/faults
//	go run .                      # short: some minutes at most
//	go run . -only kill/http      # one of them
//	go run . -long                # all of it, and figures.json
//	go run . -long -only clock    # these rows of figures.json anew
//	go run . -guarantees          # copy the tables of figures.json into docs/guarantees.md
//	go run . -seed 17             # with the random numbers of a run before
//
// A course is one function that gives a row, and one line in groups; a source is one file in package feed, and has its rows
// by itself.
//
// It needs Linux, root and /dev/fuse for the disks, and fails without them.
//
// # Testing
//
// The checker, the disk and the tables have tests that break them. The program exits with 1 where a guarantee does not
// hold, and keeps the directory of the run for who looks into it.
package main
