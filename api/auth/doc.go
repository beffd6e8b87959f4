// Package auth finds out who calls: it turns a token, a certificate or a log-in into an [api.Principal]. What a principal
// may do is decided in one other place, by [api.Service].
//
//	Authorization: Bearer TOKEN ─┐
//	cookie of a log-in ──────────┼─▶ Gate ──▶ Caller in the context ──▶ api.Service
//	client's certificate ────────┘    │
//	                                  ├ static token:     its SHA-256 is in the config
//	                                  ├ capability token: a JWT signed by a key of the config (Ed25519)
//	                                  └ JWT of an issuer: OpenID Connect
//
// # Usage
//
//	gate, err := auth.New(auth.Options{Tokens: …})
//	ctx = gate.Call(ctx, auth.Proof{Bearer: token, From: "192.0.2.7"})
//
// # Ownership
//
// A Gate is used by all requests at once. Its principals are shared and never changed.
//
// # Failure
//
// A proof that does not hold is an [api.Unauthenticated] error in the Caller, with a text that says what is wrong and
// never holds the token. After too many of them from one address the next are refused before they are looked at.
package auth
