// Package doctor looks at a config, the machine that shall run it, and the wheel that runs it if one does, and says what is
// well and what is not. It changes nothing.
//
//	config ─▶ memory sum ─▶ tools ─▶ store's disk ─▶ addresses ─▶ running wheel ─▶ findings
//
// # Usage
//
//	for _, f := range doctor.Look(ctx, c, doctor.Options{Wheel: w}) { fmt.Println(f.State, f.What, f.Text) }
//
// # Failure
//
// What can't be looked at is a finding too. Only Bad ones keep a wheel from doing its work.
package doctor
