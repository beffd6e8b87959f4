// Package unit has the numbers of the config that want a unit: sizes, durations and rates, with their texts; and mappings that are
// passed on as JSON.
package unit
