// Command bench measures Pelton beside its peers and prints the tables of RESULTS.md.
//
//	cd bench && go run . -install > RESULTS.md   # everything, under 22 minutes on two quiet cores
//	cd bench && go run . -only w1                # one workload, or several: -only w1,w3
//	cd bench && go run . -quick                  # their shape alone: one short round each
//	cd bench && go run . -only aa -profile cpu.out
//	cd bench && go run . -readme                 # the short table of RESULTS.md into the README
//
// Each workload is a package: fanout (aa and W1), pipeline (W2), call (W3), swap (W5), sources (each source to sessions, beside
// its plain client), follow (one session to a thousand followers), fields (what decoding once saves) and parts, the benchmarks of the main module's packages. guest builds the plugins in all languages, wheel runs a lane around
// plugins, measure has meters, rounds and tables. Peers are modules of this module's go.mod alone; nothing imports it.
//
// # Ordering
//
// Machines are noisy: contestants of a table take turns, figures are medians with the lowest and the highest, and the
// table of two identical contestants, printed first, tells how much to believe. Trust ratios within one run, never one
// absolute figure.
//
// # Failure
//
// A contestant that loses, repeats or falsifies something ends the run with an error. What is not on the machine is named in the
// table with what installs it; -install brings it. Built programs, toolchains from npm and the input of W2 (300 MB) are
// kept in the user's cache directory under pelton-bench.
//
// # Testing
//
// The tests run every contestant for some milliseconds and check what it delivered; they need nothing but Go and go without
// the guests whose toolchains are absent.
package main
