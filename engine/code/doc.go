// Package code makes what runs of what a config says of a plugin's code: it builds source, packs programs, looks up native
// plugins, and loads the result into its runtime.
package code
