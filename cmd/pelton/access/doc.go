// Package access is how the program proves to a wheel who uses it, and how tokens are made: the flags --token and --tls-ca,
// and the command `pelton token`.
package access
