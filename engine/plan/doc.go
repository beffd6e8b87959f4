// Package plan makes of a config's graph what the ledgers of lanes work with: the plugins with their policies and routes, and
// the targets, by number.
//
// # Usage
//
//	p := plan.New(&config)
//	graph := p.Of("flights") // as the lanes of that source reach it
package plan
