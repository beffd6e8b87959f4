// Package trial runs a plugin of a config on samples, apart from the wheel, and says what it made of them: for test cases,
// and for what a change of its code changes.
//
//	Message ──decode──▶ arena ──turn of one──▶ actor, runtime ──▶ Result ──Diff──▶ what differs
//
// # Usage
//
//	messages, err := trial.ReadFile("samples/flights.ndjson")
//	t, err := trial.Open(ctx, c, engine.Options{}, engine.Single{Name: "delays"})
//	results, err := t.Run(ctx, messages)
//	err = t.Close(ctx)
//
// # Samples
//
// A sample is a file of lines, each a JSON object with the message's payload, and what else is known: key, time, headers,
// id. docs/testing.md describes it.
//
// # What is the same as in the wheel
//
// The runtime, its limits, the plugin's config and grants, and how messages are decoded: fields, key and time are found in
// the payload as the source's config says. What is not: each message is offered once, alone and as a first attempt, so
// nothing is retried or waited for; state begins empty and is kept in memory; a request by HTTP is told, never made.
//
// # Ownership
//
// A [Trial] is used by one goroutine. Messages and results are owned.
package trial
