// Package sourcetest is the conformance kit of sources: every source runs [Run].
//
// It checks what package source promises: identities that stay, positions that grow, resuming at every frame, messages
// that come again until they are settled, a Read that ends with its context and waits while the loop takes nothing,
// bad frames in their place, and an arena that is empty after each Read (A3, C1).
//
// # Usage
//
//	sourcetest.Run(t, sourcetest.Kit{
//		Open:   func(t *testing.T) source.Source { return file.New(…) },
//		Decode: decode.Config{Format: decode.JSON},
//		Want:   []string{`{"a":1}`, sourcetest.Bad, `{"a":2}`},
//	})
package sourcetest
