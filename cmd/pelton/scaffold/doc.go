// Package scaffold makes the files of a new project and of a new plugin.
package scaffold
