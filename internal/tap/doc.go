// Package tap shows people what passes a node of the wheel: copies of sampled messages, with what became of them. The
// loops put samples in, the API hands them out.
//
//	loop ──Active?──▶ At(node) ──Takes(key)──▶ Put(sample) ──▶ [bounded queue] ──Take──▶ api
//
// # Usage
//
//	hub := tap.New(tap.Limits{Open: 16, Buffer: 4 << 20, Rate: 1000})
//	t, err := hub.Open(tap.Options{Node: tap.Node{Kind: tap.Plugin, Name: "delays"}, Rate: 10})
//	for { <-t.Wake(); batch := t.Take() … }
//	t.Close()
//
// A loop asks [Hub.Active] once a turn, which is one load of an atomic pointer; only when somebody taps does it look
// further.
//
// # Ownership
//
// A [Sample] is owned: what a loop puts in was copied within the turn (S3), and nobody changes it afterwards. A [Tap]
// belongs to who opened it; loops only put.
//
// # Failure
//
// A tap never slows what it looks at. What its rate leaves out, and what finds its queue full, is counted ([Counts]) and
// told with the next samples.
package tap
