// Package config reads the configuration of a wheel, strictly, and says what is wrong with it: where, and what to do.
//
// # Usage
//
//	c, err := config.Load("pelton.yaml", os.Environ())
//
// # Precedence
//
// Defaults, then the file, then the environment (PELTON_API_LISTEN names api.listen), then overrides (flags). A
// relative path of the file is relative to the file, one of the environment or of a flag to the working directory.
//
// # Failure
//
// All that is wrong is reported at once, each with file, line and column. The error of [Load] is an [Errors].
package config
