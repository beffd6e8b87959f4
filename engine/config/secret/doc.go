// Package secret hides what may be secret in the parts of a config whose form is not known: a plugin's own config, the
// environment of a process, headers.
package secret
