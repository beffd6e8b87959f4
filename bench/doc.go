// Command bench measures Pelton beside its peers and prints the tables of RESULTS.md.
//
//	cd bench && go run . -install > RESULTS.md  # everything, under 15 minutes on two quiet cores
//	cd bench && go run . -only w1           # one workload, or several: -only w1,w3
//	cd bench && go run . -quick             # their shape alone: one short round each
//
// Each workload is a package: fanout (W1), pipeline (W2), and parts, the benchmarks of the main module's packages. Peers are modules
// of this module's go.mod alone; nothing imports it.
//
// Machines are noisy: contestants of a table take turns, figures are medians with the lowest and the highest, and the
// table of two identical contestants, printed first, tells how much to believe. Trust ratios within one run, never one
// absolute figure.
package main
