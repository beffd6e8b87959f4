// Package decode turns a source's bytes into messages in an arena: it cuts frames, locates the configured fields
// once, and hands references to the loop.
//
//	source ──read──▶ block │frame│frame│fra     a read goes straight into an arena block
//	                           │            └──▶ next block: only the unfinished frame is copied
//	                           ├──▶ Ref ──▶ Out (ring of the loop)
//	                           └──▶ Bad ──▶ Out (dead letter with reason and position)
//
// # Usage
//
//	d, err := decode.New(decode.Config{Format: decode.JSON, Key: "origin", Fields: []string{"delay"}}, lane, &id, out, time.Now)
//	err = d.Stream(ctx, file, position)   // a stream that is cut here
//	err = d.Message(ctx, record)          // a message that its protocol has cut already
//
// A source that uses Message calls Flush before it waits for more and Reset when it stops.
//
// # Ordering
//
// Frames are handed over in the order of the input. The position of a frame of a stream is the byte offset of its
// start, Next the offset behind its terminator; resuming at the Next of any frame gives exactly the frames behind it.
// Out.Flush is called before every read, because any read may block.
//
// # Ownership
//
// A Decoder is used by one goroutine, the lane's reader; only Stats may be called from others. The block being filled
// is the decoder's until Reset or the end of Stream; a committed frame is the loop's once Out.Frame took it.
//
// # Failure
//
// Invariant C1: input never stops a lane. What is no message (broken JSON, text that is not UTF-8, a record of the
// wrong width, a frame over MaxMessage) is a [Bad] frame, in its place in the order, and decoding goes on behind it.
// Memory is bounded whatever the input is: a frame over MaxMessage is hashed as it passes, never collected. What does
// end Stream is the reader's or the arena's error, the context, or a CSV header without a configured column.
//
// # Testing
//
// Each framing is fuzzed against a naive model: bufio.Scanner, encoding/json, encoding/csv, and a loop over lengths.
package decode
