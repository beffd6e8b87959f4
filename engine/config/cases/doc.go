// Package cases has the test cases of a config: what `pelton test` gives to a plugin, and what it expects of it.
package cases
