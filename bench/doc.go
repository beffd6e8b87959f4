// Command bench measures Pelton and prints the tables of RESULTS.md: medians over several runs, with their spread.
//
//	cd bench && go run . > RESULTS.md        # everything
//	cd bench && go run . -only fan-out       # one table
//
// The benchmarks themselves stand beside what they measure; this module, which nothing imports, runs them and will hold
// what compares with other systems, so that those never enter the main go.mod. Machines are noisy: trust medians and
// ratios within one run, never one absolute figure.
package main
