// Package door makes what stands before a wheel's API of its config: listeners that count, TLS whose files are read again when
// they change, and the gate that asks who calls.
//
// # Usage
//
//	d, err := door.Open(config.API, tell)
//	l, err := d.Bind(ctx, "api.listen", config.API.Listen, false)
//	service := api.New(api.Backend{…, Guard: d.Guard(log)})
//
// # Ownership
//
// A Door has no goroutine: certificates are looked at when somebody connects, at most once a second.
package door
