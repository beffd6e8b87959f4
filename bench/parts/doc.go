// Package parts runs the benchmarks that stand beside what they measure in the main module, and puts their figures into
// tables: what the workloads are made of.
package parts
