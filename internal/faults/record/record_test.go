package record_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/peltonhq/pelton/internal/faults/record"
)

// sound is a run in which all went well: 400 messages of each sender, of which the last ten were not acknowledged and
// are there all the same.
func sound(t *testing.T) (*record.Ledger, []record.Message, []record.Delivery) {
	t.Helper()
	l, err := record.Open(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	var all []record.Message
	var seen []record.Delivery
	at := int64(0)
	for sender := range record.Lanes {
		batch := l.Next(sender, 390)
		if err := l.Acknowledge(batch); err != nil {
			t.Fatal(err)
		}
		all = append(append(all, batch...), l.Next(sender, 10)...)
	}
	for _, m := range all {
		at += 10
		d := record.Delivery{Message: m, At: at, Attempt: 1}
		if m.Do() == record.Defer || m.Do() == record.Park {
			d.Until = at + 5
			seen = append(seen, d)
			d = record.Delivery{Message: m, At: at + 5, Defers: 1, Attempt: 1}
		}
		seen = append(seen, d)
	}
	return l, all, seen
}

func lines(all []record.Message) []byte {
	var text []byte
	for _, m := range all {
		text = append(m.AppendTo(text), '\n')
	}
	return text
}

// TestCheck plants each kind of fault: it is counted, and nothing else is.
func TestCheck(t *testing.T) {
	// Two messages of one key, of which a later one may come first.
	swap := func(all []record.Message) {
		for i := range all {
			for j := i + 1; j < len(all); j++ {
				if all[i].Key() == all[j].Key() {
					all[i], all[j] = all[j], all[i]
					return
				}
			}
		}
	}
	returned := func(all []record.Delivery) *record.Delivery {
		for i := range all {
			if all[i].Defers > 0 {
				return &all[i]
			}
		}
		return nil
	}
	for name, c := range map[string]struct {
		file, snapshots func([]record.Message) []record.Message
		plugin          func([]record.Delivery) []record.Delivery
		want            record.Figures
	}{
		"nothing":          {},
		"lost line":        {file: func(m []record.Message) []record.Message { return m[1:] }, want: record.Figures{Lost: 1}},
		"lost snapshot":    {snapshots: func(m []record.Message) []record.Message { return m[1:] }, want: record.Figures{Lost: 1}},
		"not acknowledged": {file: func(m []record.Message) []record.Message { return m[:len(m)-10] }},
		"line twice":       {file: func(m []record.Message) []record.Message { return append(m, m[7]) }, want: record.Figures{Lines: 1}},
		"snapshot twice":   {snapshots: func(m []record.Message) []record.Message { return append(m, m[7]) }, want: record.Figures{Snapshots: 1}},
		"lines mixed":      {file: func(m []record.Message) []record.Message { swap(m); return m }, want: record.Figures{Disordered: 1}},
		"snapshots mixed":  {snapshots: func(m []record.Message) []record.Message { swap(m); return m }, want: record.Figures{Disordered: 1}},
		"seen again":       {plugin: func(d []record.Delivery) []record.Delivery { return append(d, d[0]) }, want: record.Figures{Again: 1}},
		"early":            {plugin: func(d []record.Delivery) []record.Delivery { returned(d).At--; return d }, want: record.Figures{Early: 1, Deferred: -1}},
		"the clock went back": {plugin: func(d []record.Delivery) []record.Delivery {
			for i := range d {
				if d[i].Defers > 0 { // on its way when the clock showed its time, and there when it showed another one
					shown := record.Delivery{Message: record.None, At: d[i].At}
					d[i].At -= 1000
					return slices.Insert(d, i, shown)
				}
			}
			return d
		}},
		"the clock went back before": {plugin: func(d []record.Delivery) []record.Delivery {
			for i := range d {
				if d[i].Defers > 0 {
					shown := record.Delivery{Message: record.None, At: d[i].At - 1}
					d[i].At -= 1000
					return slices.Insert(d, i, shown)
				}
			}
			return d
		}, want: record.Figures{Early: 1, Deferred: -1}},
	} {
		t.Run(name, func(t *testing.T) {
			l, all, seen := sound(t)
			file, snapshots := append([]record.Message(nil), all...), append([]record.Message(nil), all...)
			deferred := 0
			for _, d := range seen {
				deferred += int(d.Defers)
			}
			if c.file != nil {
				file = c.file(file)
			}
			if c.snapshots != nil {
				snapshots = c.snapshots(snapshots)
			}
			if c.plugin != nil {
				seen = c.plugin(seen)
			}
			var inFile, inSessions record.Seen
			if err := inFile.AddLines(lines(file)); err != nil {
				t.Fatal(err)
			}
			if err := inSessions.AddLines(lines(snapshots)); err != nil {
				t.Fatal(err)
			}
			got, err := l.Check(&inFile, &inSessions, seen)
			want := c.want
			want.Acked, want.Deferred = 390*record.Lanes, deferred+want.Deferred
			if err != nil || got != want || deferred == 0 {
				t.Errorf("%+v, %v\nwant %+v", got, err, want)
			}
			faulty := want.Lost+want.Disordered+want.Snapshots+want.Lines+want.Early > 0
			if err := got.Faults(false); (err != nil) != faulty {
				t.Errorf("faults: %v", err)
			}
			if err := got.Faults(true); (err != nil) != (faulty && want.Lost == 0) {
				t.Errorf("faults where some may be lost: %v", err)
			}
		})
	}
}

// TestStrangers: what was never sent, and what is no message, is an error.
func TestStrangers(t *testing.T) {
	l, all, _ := sound(t)
	var good, more record.Seen
	if err := good.AddLines(lines(all)); err != nil {
		t.Fatal(err)
	}
	if err := more.AddLines(lines(append(all, 1<<20))); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Check(&more, &good, nil); err == nil || !strings.Contains(err.Error(), "never sent") {
		t.Errorf("a message that was never sent: %v", err)
	}
	for _, text := range []string{"x\n", "{\"id\":1}\n", string(lines(all[:1]))[:40], string(lines(all[:2]))[:150], "\n"} {
		if err := new(record.Seen).AddLines([]byte(text)); err == nil {
			t.Errorf("%q is taken for messages", text)
		}
	}
}

// TestMessages: a message is read back, no key has two senders, and every kind of handling is there.
func TestMessages(t *testing.T) {
	sender, does := map[string]uint64{}, map[string]int{}
	for n := range uint64(100_000) {
		m := record.Message(n)
		if back, err := record.Parse(m.AppendTo(nil)); err != nil || back != m {
			t.Fatalf("message %d is read as %d, %v", m, back, err)
		}
		if s, ok := sender[m.Key()]; ok && s != n%record.Lanes {
			t.Fatalf("key %s has two senders", m.Key())
		}
		sender[m.Key()] = n % record.Lanes
		does[m.Do()]++
	}
	if len(sender) != 1000 || does[record.Defer] < 300 || does[record.Retry] < 300 || does[record.Park] < 4 {
		t.Errorf("%d keys, %v", len(sender), does)
	}
}

// TestLogs: deliveries are read back from the logs of processes in the order of their ticks.
func TestLogs(t *testing.T) {
	dir := t.TempDir()
	for first := range int64(2) {
		log, err := record.Begin(dir)
		if err != nil {
			t.Fatal(err)
		}
		for n := first; n < 6; n += 2 {
			if err := log.Write(record.Delivery{Message: record.Message(n), Ticks: n, At: -n, Until: 1 << 60, Defers: 2, Attempt: 3}); err != nil {
				t.Fatal(err)
			}
		}
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
	}
	all, err := record.Deliveries(dir)
	if err != nil || len(all) != 6 {
		t.Fatalf("%d deliveries, %v", len(all), err)
	}
	for i, d := range all {
		n := int64(i)
		if want := (record.Delivery{Message: record.Message(n), Ticks: n, At: -n, Until: 1 << 60, Defers: 2, Attempt: 3}); d != want {
			t.Errorf("delivery %d is %+v, want %+v", i, d, want)
		}
	}
	if a, b := record.Ticks(), record.Ticks(); a <= 0 || b < a {
		t.Errorf("ticks go from %d to %d", a, b)
	}
}

// TestAwait: who waits is woken by the acknowledgement that is enough, and gives up with its context.
func TestAwait(t *testing.T) {
	l, err := record.Open(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // nothing is read of it
	got := make(chan error, 1)
	go func() { got <- l.Await(t.Context(), 3) }()
	for range 3 {
		if err := l.Acknowledge(l.Next(1, 1)); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-got; err != nil || l.Acked() != 3 {
		t.Errorf("%v, %d acknowledged", err, l.Acked())
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Await(ended, 4); err == nil {
		t.Error("four are acknowledged")
	}
}

// TestOvertaken: a message that comes behind a later one of its key is a fault if it was acknowledged, and its order is
// promised.
func TestOvertaken(t *testing.T) {
	l, err := record.Open(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	all := l.Next(0, 1000)
	first := all[0]
	i := slices.IndexFunc(all[1:], func(m record.Message) bool { return m.Key() == first.Key() })
	var seen record.Seen
	if err := seen.AddLines(lines([]record.Message{all[1+i], first})); err != nil {
		t.Fatal(err)
	}
	check := func(want int) {
		t.Helper()
		if f, err := l.Check(&seen, &seen, nil); err != nil || f.Disordered != want {
			t.Errorf("%d out of order, %v; want %d", f.Disordered, err, want)
		}
	}
	check(0) // it was never answered
	if err := l.Acknowledge(all[:1]); err != nil {
		t.Fatal(err)
	}
	check(2)
	l.Loose = func(m record.Message) bool { return m == first }
	check(0)
}
