// Package class marks errors by whose business they are: that of who wrote the config, or of the machine.
package class
