// Package top shows the figures of a running wheel on a terminal, live.
//
//	figures ──▶ Rates ──▶ frame ──▶ bubbletea ──▶ terminal
//	keys    ──▶ model (what is sorted, paused, helped)
//
// The same frame is printed once by `pelton top --once`. Rates are differences of the wheel's counters over the wheel's
// clock; before there are two sets of figures a rate is a dash.
package top
