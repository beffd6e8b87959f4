// Package actortest is the conformance kit of the plugin runtimes: whatever runs a plugin, the same commands have the
// same outcomes.
//
//	Kit{Suite, Reducer} ─▶ Run ─▶ Instance alone: verdicts, emits, limits, faults
//	                           └▶ actor.Plugin:   isolation, restart, swap, close
//
// # Usage
//
// A runtime builds the two plugins below in its own way and runs the kit:
//
//	func TestConformance(t *testing.T) {
//		actortest.Run(t, actortest.Kit{Suite: compileSuite, Reducer: compileReducer})
//	}
//
// # The suite plugin
//
// Init takes the config {"fail":"WORDS"} (optional): if fail is set, Init fails with WORDS. Else it declares the outputs
// "out" with content type "text/plain" and "echo" with none.
//
// Handle reads the payload as commands, separated by ";" without spaces around it. A command is a word and its
// arguments, separated by one space; TEXT goes on to the end of the command. They are done in order. The verdict is
// that of the last command that gives one; without one it is ack. An unknown command gives dead("unknown command WORD").
//
//	ack                   verdict ack
//	retry DURATION        verdict retry(DURATION); a Go duration, such as 2s
//	defer DURATION        verdict defer(now + DURATION)
//	dead TEXT             verdict dead(TEXT)
//	hold DURATION         verdict hold(DURATION)
//	none                  returns the zero verdict, which decides nothing
//	emit N SIZE           N emits to "out": the i-th (from 0) has key i in decimal and SIZE bytes, each 'a' + i%26
//	emit-undeclared       one emit to "nowhere", without key, payload "x"
//	echo                  one emit to "echo", the message's key as key, payload "PAYLOAD|KEY|ATTEMPT|F" where F is the
//	                      value of the field "f" as text, "-" if the message has none
//	type TEXT             one emit to "out" without key, payload "typed", content type TEXT
//	count                 one emit to "out", no key: how many deliveries this instance has handled, this one included
//	token                 one emit to "out", no key: the delivery's hold token
//	settle TOKEN WORD     settles an earlier hold with WORD (ack, or dead with reason "settled") and one emit to "out",
//	                      without key, payload "settled"
//	log TEXT              logs TEXT at level "info"
//	saves WHAT            what saving the state does from now on, beside what is said below: "refuse TEXT" refuses with TEXT,
//	                      "version N" gives N as the version of its form, "big N" makes it N bytes; "trap" and "loop" are
//	                      the commands below
//	trap                  panics, or executes an unreachable instruction
//	loop                  never returns; where the runtime can't stop its guest it goes on for LoopTime, then goes on
//	                      with the next command
//	hog                   allocates, and writes to what it allocates, without end
//	flood                 emits without end to "out", payloads of 1 KiB; it ignores errors of the emit
//	drip                  as flood, with empty payloads and no keys
//
// Its state is how many deliveries it has handled, as count tells it: of version 1, a decimal number, perhaps with spaces
// behind it. It loads such a state. It refuses version 2 with "version 2 is too new", and traps on version 3.
//
// # The suite reducer
//
// Init as above, without outputs. Reduce reads the emit:
//
//	a decimal number      the next state is the state plus the number, in decimal; the empty state is 0
//	refuse TEXT           the emit is refused with TEXT
//	trap, loop, hog       as above; after a loop that ends, the next state is the state
//	big N                 the next state is N bytes 'x'
//
// # The capable plugin
//
// It declares the output "out" with content type "text/plain", reads its payload as the suite plugin does, is granted kv
// and http, and knows ack, retry, dead, trap, emit and:
//
//	get KEY               one emit to "out", no key: the value of KEY in its kv, or "-"
//	put KEY TEXT          sets KEY to TEXT
//	del KEY               removes KEY
//	keys TEXT             one emit to "out", no key: the keys that begin with TEXT, joined by "+"
//	fetch METHOD URL TEXT makes a request with the headers "X-One: 1" and "X-Two: a: b" and the body TEXT; the verdict is
//	                      what that gives
//	await                 the verdict await
//	response              one emit to "out", no key: of the response the status, a space, the body, and then a space
//	                      each: NAME=VALUE for each header, or the error and the reason; "-" if there is none
//	length                one emit to "out", no key: the length of the response's body
//	fill N SIZE           sets N keys, the decimal numbers from 0, to SIZE bytes each, whatever comes of it
package actortest
