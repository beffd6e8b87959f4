//go:build linux

package wasm_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/peltonhq/pelton/actor"
)

// reader is a plugin that reads the first 64 bytes of every payload, or all of them, and acks it. Their sum goes into a
// part of the answer that an ack does not use.
func reader(all bool) []byte {
	const load32, load64, store64, add64, tee, lessThan = 0x28, 0x29, 0x37, 0x7c, 0x22, 0x49
	payload := join([]byte{opLocalGet, 0, load32, 2, 0}, i32c(place), []byte{opI32Add})
	// Locals: 0 descriptor, 1 how many are left, 2 where it reads, 3 where it ends; the sum lies in the answer.
	eight := join([]byte{opLocalGet, 0, opLocalGet, 0, load64, 0, 72})
	for at := range byte(8) {
		eight = join(eight, []byte{opLocalGet, 2, load64, 0, 8 * at, add64})
	}
	eight = join(eight, []byte{store64, 0, 72})
	read := join(payload, []byte{opLocalSet, 2}, eight)
	if all {
		read = join(
			payload, []byte{tee, 2, opLocalGet, 0, load32, 2, 4, opI32Add, opLocalSet, 3},
			[]byte{opLoop, void}, eight,
			[]byte{opLocalGet, 2}, i32c(64), []byte{opI32Add, tee, 2, opLocalGet, 3, lessThan, opBrIf, 0, opEnd},
		)
	}
	handle := join(
		[]byte{opLoop, void}, read,
		[]byte{opLocalGet, 0}, i32c(1), []byte{opI32Store, 2, 64},
		[]byte{opLocalGet, 0}, i32c(88), []byte{opI32Add, opLocalSet, 0},
		[]byte{opLocalGet, 1}, i32c(1), []byte{opI32Sub, tee, 1, opBrIf, 0},
		[]byte{opEnd}, i32c(0),
	)
	f := plain().with(function{"pelton_handle", 2, true, handle})
	f.locals = 2
	f.pages = 1200 // the window lies in the memory that the module begins with
	return f.bytes()
}

// BenchmarkWindow compares payloads that are copied with payloads that are shown, from 8 MiB of different messages.
func BenchmarkWindow(b *testing.B) {
	const arenaSize, data = 64 * mib, 8 * mib
	for all, sizes := range map[bool][]int{false: {64, 1 << 10, 4 << 10, 16 << 10, 64 << 10, mib}, true: {64 << 10}} {
		m := load(b, reader(all))
		for _, size := range sizes {
			for _, batch := range []int{1, 16, 64} {
				if size*batch > arenaSize/4 {
					continue
				}
				for _, how := range []string{"copied", "shown"} {
					b.Run(fmt.Sprintf("all=%t/size=%d/batch=%d/%s", all, size, batch, how), func(b *testing.B) {
						p := newPool(b, arenaSize)
						env := mapped(p)
						env.Limits.Memory = 128 * mib
						if how == "copied" {
							env.Window.Room = 0
						}
						n := start(b, m, env)
						payloads := make([][]byte, batch)
						for i := range payloads {
							payloads[i] = bytes.Repeat([]byte{byte(i)}, size)
						}
						ring := make([]*actor.Turn, min(512, max(1, data/(size*batch))))
						for i := range ring {
							ring[i] = p.lend(payloads...)
						}
						cycle(b, n, ring)
						if copied := env.Window.Copied.Load(); how == "shown" && copied > 0 {
							b.Errorf("%d bytes were copied", copied)
						}
					})
				}
			}
		}
	}
}

// cycle runs turns again and again.
func cycle(b *testing.B, n actor.Instance, ring []*actor.Turn) {
	for _, turn := range ring { // warm
		if err := n.Handle(context.Background(), turn); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	i, before := 0, processor(b)
	for b.Loop() {
		turn := ring[i%len(ring)]
		i++
		turn.Begin(actor.DefaultOutput)
		if err := n.Handle(context.Background(), turn); err != nil {
			b.Fatal(err)
		}
	}
	// Time of the processor, which other processes disturb less than time on the clock.
	b.ReportMetric(float64(processor(b)-before)/float64(i)/float64(len(ring[0].Deliveries)), "cpu-ns/msg")
}

// processor is the processor time of this process in nanoseconds.
func processor(b *testing.B) int64 {
	b.Helper()
	var r unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return r.Utime.Nano() + r.Stime.Nano()
}
