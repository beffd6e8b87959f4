// Package adapter makes sources and sinks of what the config says of them: it turns the config's words into each
// adapter's options, and looks at what they name as far as that can be done without asking other machines.
package adapter
