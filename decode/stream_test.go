package decode

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/peltonhq/pelton"
)

// want is one frame of a naive model: the payload, or why it is bad.
type want struct {
	position, next uint64
	payload        []byte
	bad            string
}

// agree compares what was handed over with the model, frame by frame.
func agree(t *testing.T, got []collected, all []want) {
	t.Helper()
	for i, w := range all {
		if i >= len(got) {
			t.Fatalf("%d frames, want %d; the next is %q at %d", len(got), len(all), w.payload, w.position)
		}
		g := got[i]
		if g.frame.Position != w.position || g.frame.Next != w.next {
			t.Fatalf("frame %d: positions %d to %d, want %d to %d", i, g.frame.Position, g.frame.Next, w.position, w.next)
		}
		if w.bad != "" {
			agreeBad(t, g.frame.Bad, w)
			continue
		}
		if g.frame.Bad != nil || !bytes.Equal(g.Payload, w.payload) {
			t.Fatalf("frame %d: %q (bad %v), want %q", i, g.Payload, g.frame.Bad, w.payload)
		}
		if g.Meta.Position != w.position || g.Meta.Next != w.next || g.Meta.Lane.Lane != "lane" || !g.Meta.Time.Equal(arrival) {
			t.Fatalf("frame %d: meta %+v", i, g.Meta)
		}
	}
	if len(got) > len(all) {
		t.Fatalf("%d frames, want %d", len(got), len(all))
	}
}

func agreeBad(t *testing.T, bad *Bad, w want) {
	t.Helper()
	if bad == nil || !strings.HasPrefix(bad.Reason, w.bad) || bad.Length != int64(len(w.payload)) ||
		!bytes.Equal(bad.Payload, w.payload[:min(len(w.payload), keep)]) {
		t.Fatalf("at %d: bad %+v, want %s of %d bytes", w.position, bad, w.bad, len(w.payload))
	}
	sum := sha256.Sum256(w.payload)
	if bad.SHA256 != hex.EncodeToString(sum[:]) && (bad.SHA256 != "" || bad.Length > keep) {
		t.Fatalf("at %d: sha256 %s of %d bytes", w.position, bad.SHA256, bad.Length)
	}
}

// lines is the naive model of Framing Lines.
func lines(data []byte, limit int) []want {
	var all []want
	for at := 0; at < len(data); {
		n := len(data) - at
		if i := bytes.IndexByte(data[at:], '\n'); i >= 0 {
			n = i + 1
		}
		line := bytes.TrimSuffix(bytes.TrimSuffix(data[at:at+n], []byte("\n")), []byte("\r"))
		w := want{position: uint64(at), next: uint64(at + n), payload: line}
		if len(line) > limit {
			w.bad = "too large"
		}
		if len(line) > 0 {
			all = append(all, w)
		}
		at += n
	}
	return all
}

func TestLinesLongerThanBlocks(t *testing.T) {
	const limit = 300 << 10
	var b bytes.Buffer
	for _, n := range []int{1, 70 << 10, 5, 64 << 10, 64<<10 - 1, limit, limit + 1, 3, 0, 5 * limit, 7, limit - 1, 2 * limit} {
		b.Write(bytes.Repeat([]byte{byte('a' + n%26)}, n))
		b.WriteString([]string{"\n", "\r\n"}[n%2])
	}
	for _, tail := range []string{"", "the last line", strings.Repeat("x", 2*limit), "carriage\r"} {
		data := append(bytes.Clone(b.Bytes()), tail...)
		for name, r := range map[string]io.Reader{"at once": bytes.NewReader(data), "in pieces": slow{bytes.NewReader(data), 499}} {
			t.Run(fmt.Sprintf("%s, %d at the end", name, len(tail)), func(t *testing.T) {
				d, out := decoder(t, Config{MaxMessage: limit})
				if err := d.Stream(t.Context(), r, 0); err != nil {
					t.Fatal(err)
				}
				agree(t, out.got, lines(data, limit))
				if d.Position() != uint64(len(data)) {
					t.Errorf("position %d, want %d", d.Position(), len(data))
				}
				if s := d.Stats(); s.Frames+s.Bad.Total() != uint64(len(out.got)) {
					t.Errorf("stats %+v of %d frames", s, len(out.got))
				}
			})
		}
	}
}

func TestResumeAtEveryFrame(t *testing.T) {
	data := flights(50)
	d, out := decoder(t, Config{Format: JSON, Key: "origin"})
	if err := d.Stream(t.Context(), bytes.NewReader(data), 0); err != nil {
		t.Fatal(err)
	}
	all := out.payloads()
	for i, m := range slices.Clone(out.got) {
		out.got = nil
		if err := d.Stream(t.Context(), bytes.NewReader(data[m.frame.Next:]), m.frame.Next); err != nil {
			t.Fatal(err)
		}
		if got := out.payloads(); !slices.Equal(got, all[i+1:]) {
			t.Fatalf("after frame %d: %d frames, want %d", i, len(got), len(all)-i-1)
		}
	}
}

func TestTailHoldsAnUnfinishedFrameBack(t *testing.T) {
	data := []byte("one\ntwo\nthr")
	d, out := decoder(t, Config{MaxMessage: 8})
	if err := d.Tail(t.Context(), bytes.NewReader(data), 0); err != nil || d.Position() != 8 {
		t.Fatal(err, d.Position())
	}
	for _, more := range []string{"ee", " is far too large", " indeed\nfour\n"} {
		data = append(data, more...)
		if err := d.Tail(t.Context(), bytes.NewReader(data[d.Position():]), d.Position()); err != nil {
			t.Fatal(err)
		}
		if n := len(out.got); more[0] == ' ' && more[1] == 'i' && more[len(more)-1] != '\n' && n != 2 {
			t.Fatalf("%d frames with an unfinished third", n)
		}
	}
	if got := out.payloads(); !slices.Equal(got, []string{"one", "two", "!too large", "four"}) {
		t.Fatalf("got %q", got)
	}
	agree(t, out.got, lines(data, 8))
}

func TestFlushBeforeEveryRead(t *testing.T) {
	d, out := decoder(t, Config{})
	pending := 0
	r := readFunc(func(p []byte) (int, error) {
		if out.flushes == pending {
			t.Error("read without a flush before it")
		}
		pending = out.flushes
		if pending > 5 {
			return 0, io.EOF
		}
		return copy(p, "x\n"), nil
	})
	if err := d.Stream(t.Context(), r, 0); err != nil {
		t.Fatal(err)
	}
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

func TestStreamErrors(t *testing.T) {
	d, out := decoder(t, Config{})
	broken := errors.New("disk on fire")
	err := d.Stream(t.Context(), io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(broken)), 0)
	if !errors.Is(err, broken) || d.Position() != 2 {
		t.Errorf("got %v at %d", err, d.Position())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := d.Stream(ctx, strings.NewReader("c\n"), 2); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := d.Stream(t.Context(), readFunc(func([]byte) (int, error) { return 0, nil }), 2); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("got %v", err)
	}
	// A frame that the loop does not take goes back to the arena: the helper checks that it is empty.
	out.refuse = context.Canceled
	if err := d.Stream(t.Context(), strings.NewReader("c\n"), 2); !errors.Is(err, context.Canceled) || d.Position() != 2 {
		t.Errorf("got %v at %d", err, d.Position())
	}
}

func TestByteOrderMark(t *testing.T) {
	for name, r := range readers([]byte("\xEF\xBB\xBF{\"a\":1}\n{\"a\":2}\n")) {
		d, out := decoder(t, Config{Format: JSON})
		if err := d.Stream(t.Context(), r, 0); err != nil {
			t.Fatal(err)
		}
		if got := out.payloads(); !slices.Equal(got, []string{`{"a":1}`, `{"a":2}`}) || out.got[0].frame.Position != 3 {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

func TestWholeInput(t *testing.T) {
	for size, want := range map[int]string{0: "[]", 3: "[aaa]", 100: "[" + strings.Repeat("a", 100) + "]", 101: "[!too large]", 9000: "[!too large]"} {
		d, out := decoder(t, Config{Framing: Whole, MaxMessage: 100})
		if err := d.Stream(t.Context(), strings.NewReader(strings.Repeat("a", size)), 0); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(out.payloads()); got != want {
			t.Errorf("%d bytes: got %s", size, got)
		}
	}
}

// FuzzLines compares with a naive split, whatever the reads are.
func FuzzLines(f *testing.F) {
	f.Add([]byte("one\ntwo\r\n\n\r\nthree"), uint8(3), uint16(4))
	f.Add([]byte("\r\r\n\xff\n"), uint8(1), uint16(1))
	f.Add(bytes.Repeat([]byte("0123456789\r"), 300), uint8(0), uint16(500))
	f.Add(append(bytes.Repeat([]byte("x"), 5000), 10, 121), uint8(200), uint16(9000))
	f.Fuzz(func(t *testing.T, data []byte, chunk uint8, limit uint16) {
		c := Config{MaxMessage: int64(limit)}
		d, out := decoder(t, c)
		if err := d.Stream(t.Context(), reader(data, chunk), 0); err != nil {
			t.Fatal(err)
		}
		agree(t, out.got, lines(data, int(c.maxMessage())))
	})
}

func reader(data []byte, chunk uint8) io.Reader {
	if chunk == 0 {
		return bytes.NewReader(data)
	}
	return slow{bytes.NewReader(data), int(chunk)}
}

// FuzzLength compares with a loop over the lengths.
func FuzzLength(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x03abc\x00\x00\x00\x00\x00\x00\x00\x01"), uint8(1), uint16(2))
	f.Add([]byte("\x00\x00\x00\x03abc\x00\x00"), uint8(0), uint16(9))
	f.Add([]byte("\xff\xff\xff\xffabc"), uint8(2), uint16(9))
	f.Add(append([]byte("\x00\x00\x12\x00"), bytes.Repeat([]byte("x"), 0x1200+6)...), uint8(0), uint16(5000))
	f.Fuzz(func(t *testing.T, data []byte, chunk uint8, limit uint16) {
		c := Config{Framing: Length, MaxMessage: int64(limit)}
		d, out := decoder(t, c)
		if err := d.Stream(t.Context(), reader(data, chunk), 0); err != nil {
			t.Fatal(err)
		}
		var all []want
		for at := 0; at < len(data); {
			w := want{position: uint64(at)}
			switch rest := data[at:]; {
			case len(rest) < prefix:
				w.payload, w.bad, at = rest, "truncated", len(data)
			default:
				n := int(binary.BigEndian.Uint32(rest))
				w.payload = rest[prefix:min(len(rest), prefix+n)]
				if int64(n) > c.maxMessage() {
					w.bad = "too large"
				} else if len(w.payload) < n {
					w.bad = "truncated"
				}
				at += prefix + len(w.payload)
			}
			w.next = uint64(at)
			all = append(all, w)
		}
		agree(t, out.got, all)
	})
}

func TestPositionsNameTheLane(t *testing.T) {
	d, out := decoder(t, Config{})
	if err := d.Stream(t.Context(), strings.NewReader("x\n"), 41); err != nil {
		t.Fatal(err)
	}
	id := out.got[0].Meta.MessageID()
	if got := id.String(); got != "s/i/lane/41" || id.Lane != (pelton.LaneID{Source: "s", Incarnation: "i", Lane: "lane"}) {
		t.Errorf("got %s", got)
	}
}
