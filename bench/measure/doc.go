// Package measure is what all workloads of bench share: meters of wall time, processor time and allocations, series of
// rounds with median and spread, and tables of Markdown.
//
// # Usage
//
//	m := measure.Start()
//	…
//	u := m.Stop()
//	table.Row("pelton", walls.String(), …)
//
// # Ordering
//
// Contestants of one table run round after round, each once per round ([Rounds]), so that noise of the machine hits all
// alike.
package measure
