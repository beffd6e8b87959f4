package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/peltonhq/pelton/api"
)

// The posters of TestKillIngest: each posts its messages one after the other, by turns in a body of ten and in ten
// bodies of one.
const (
	posters = 4
	mails   = 250 // messages of each
	batch   = 10
)

const inbox = `
sources:
  posts: {http: {}, decode: {format: json, key: poster}}
plugins:
  copy: {from: [posts], wasm: {path: %s}}
sessions:
  inbox: {from: [copy]}
`

// mail is one message. Number is unique for its poster.
type mail struct {
	Poster string `json:"poster"`
	Number int    `json:"number"`
}

// office is where the posters find the wheel of the moment, and what they were told.
type office struct {
	mu       sync.Mutex
	changed  *sync.Cond
	addr     string // of the wheel; the last one while none runs
	closed   bool   // the test is over
	started  int    // wheels so far
	tries    map[mail]int
	answered map[mail]bool
	here     int    // messages that the wheel of the moment has answered
	end      uint64 // of the queue, as far as it was told
}

func newOffice() *office {
	o := &office{tries: map[mail]int{}, answered: map[mail]bool{}}
	o.changed = sync.NewCond(&o.mu)
	return o
}

// open tells the posters of a wheel.
func (o *office) open(addr string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.addr, o.here = addr, 0
	o.started++
	o.changed.Broadcast()
}

func (o *office) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.changed.Broadcast()
}

// after waits for a wheel that came behind the one with that number.
func (o *office) after(number int) (addr string, started int, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.started == number && !o.closed {
		o.changed.Wait()
	}
	return o.addr, o.started, !o.closed
}

// answers waits until the wheel of the moment has answered n messages, or everything is answered; it tells how many
// are answered in all.
func (o *office) answers(n int) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.here < n && len(o.answered) < posters*mails && !o.closed {
		o.changed.Wait()
	}
	return len(o.answered)
}

func (o *office) try(all []mail) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, m := range all {
		o.tries[m]++
	}
}

func (o *office) answer(all []mail, end uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, m := range all {
		o.answered[m] = true
	}
	o.here += len(all)
	o.end = max(o.end, end)
	o.changed.Broadcast()
}

// post posts all messages of one poster. One whose answer did not come is posted again.
func (o *office) post(t *testing.T, poster string) {
	t.Helper()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: patience}
	addr, started, ok := o.after(0)
	for n := 0; ok && n < mails; {
		size := 1
		if n/batch%2 == 0 {
			size = batch
		}
		var all []mail
		for range size {
			all = append(all, mail{poster, n + len(all)})
		}
		o.try(all)
		end, err := send(client, addr, all)
		if refused, is := errors.AsType[answerError](err); is {
			t.Errorf("%s posted %v: %v", poster, all, refused)
			o.close()
			return
		}
		if err != nil {
			addr, started, ok = o.after(started)
			continue
		}
		o.answer(all, end)
		n += size
	}
}

// answerError is an answer other than 202.
type answerError string

func (e answerError) Error() string { return string(e) }

// keyed reports whether a poster's bodies have an Idempotency-Key, so that one that is posted again is taken once (Q3).
func keyed(poster string) bool { return poster == "a" || poster == "c" }

// send posts one body. No error says that it was answered 202; end is then where the queue ended with it, or 0 when the
// answer was cut off behind its status, which is the promise.
func send(c *http.Client, addr string, all []mail) (end uint64, err error) {
	kind := "application/json"
	if len(all) > 1 {
		kind = "application/x-ndjson"
	}
	var body bytes.Buffer
	for _, m := range all {
		if err := json.NewEncoder(&body).Encode(m); err != nil {
			return 0, err
		}
	}
	request, err := http.NewRequest(http.MethodPost, "http://"+addr+"/v1/sources/posts", &body)
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", kind)
	if keyed(all[0].Poster) {
		request.Header.Set("Idempotency-Key", fmt.Sprint(all[0], len(all)))
	}
	answer, err := c.Do(request)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if answer.StatusCode != http.StatusAccepted {
		return 0, answerError(fmt.Sprintf("%s: %s", answer.Status, text))
	}
	if err != nil {
		return 0, nil
	}
	var said struct {
		Accepted int    `json:"accepted"`
		First    uint64 `json:"first"`
	}
	if err := json.Unmarshal(text, &said); err != nil || said.Accepted != len(all) {
		return 0, answerError(fmt.Sprintf("%d messages were answered %s: %v", len(all), text, err))
	}
	return said.First + uint64(said.Accepted), nil
}

// TestKillIngest kills a wheel five times while messages are posted to it. Every message that was answered 202 is in a
// session (D2), as often as its poster posted it at most, and once if that was once (S2) or it had a key (Q3).
func TestKillIngest(t *testing.T) {
	t.Parallel()
	plugin, err := filepath.Abs("testdata/copy")
	if err != nil {
		t.Fatal(err)
	}
	config := write(t, filepath.Join(t.TempDir(), "pelton.yaml"), fmt.Sprintf(inbox, plugin))
	rnd := random(t)
	o := newOffice()
	var wait sync.WaitGroup
	for i := range posters {
		wait.Go(func() { o.post(t, string(rune('a'+i))) })
	}
	defer wait.Wait()
	defer o.close()
	for i := range 5 {
		w := start(t, config)
		o.open(w.http)
		n := 1 + rnd.IntN(posters*mails/8)
		all := o.answers(n)
		w.kill()
		t.Logf("kill %d behind %d further answers, %d in all", i+1, n, all)
		if all == posters*mails {
			t.Errorf("kill %d came when everything was answered", i+1)
		}
	}
	w := start(t, config)
	o.open(w.http)
	wait.Wait()
	if len(o.answered) != posters*mails || o.here == 0 {
		t.Fatalf("%d messages were answered, want %d; %d of them by the last wheel, want some", len(o.answered), posters*mails, o.here)
	}
	delivered(t, w, o)

	// Everything is settled and gone from the queue. A wheel that begins with an empty one takes more, and only that.
	w.kill()
	w = start(t, config)
	late := []mail{{"a", mails}}
	o.open(w.http)
	o.try(late)
	end, err := send(http.DefaultClient, w.http, late)
	if err != nil {
		t.Fatal(err)
	}
	o.answer(late, end)
	delivered(t, w, o)
	w.stop()
	http.DefaultClient.CloseIdleConnections()
}

// delivered waits until everything in the queue is settled, and holds the sessions against what was posted.
func delivered(t *testing.T, w *wheel, o *office) {
	t.Helper()
	w.until(func(s api.Stats) bool { return s.Sources[0].Lanes[0].Watermark >= o.end })
	seen := map[mail]int{}
	for key, all := range inboxes(t, w) {
		next := 0
		for _, m := range all {
			if m.Poster != key || seen[m] == 0 && m.Number != next {
				t.Fatalf("session %s: %+v comes before message %d was there (D3)", key, m, next)
			}
			if seen[m]++; seen[m] == 1 {
				next++
			}
		}
	}
	for m := range o.answered {
		if n := seen[m]; n == 0 || n > o.tries[m] || n > 1 && keyed(m.Poster) {
			t.Errorf("%+v was answered 202 and posted %d times; it is in its session %d times", m, o.tries[m], n)
		}
	}
	tries, there := 0, 0
	for m, n := range seen {
		tries, there = tries+o.tries[m], there+n
	}
	t.Logf("%d messages, posted %d times, %d snapshots", len(seen), tries, there)
	if len(seen) != len(o.answered) {
		t.Errorf("%d messages, want %d", len(seen), len(o.answered))
	}
}

// inboxes reads every session from the beginning to its head.
func inboxes(t *testing.T, w *wheel) map[string][]mail {
	t.Helper()
	heads, err := w.client().AllHeads(limited(t), "inbox")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, h := range heads {
		count += int(h.ID)
	}
	r := reader{t: t, name: "inbox"}
	r.read(w, count)
	all := map[string][]mail{}
	for _, d := range r.seen {
		var m mail
		if err := json.Unmarshal(d.Payload, &m); err != nil {
			t.Fatal(err)
		}
		all[d.Key] = append(all[d.Key], m)
		if d.ID != uint64(len(all[d.Key])) {
			t.Errorf("session %s: snapshot %d comes as number %d", d.Key, d.ID, len(all[d.Key]))
		}
	}
	for _, h := range heads {
		if len(all[h.Key]) != int(h.ID) {
			t.Errorf("session %s: head %d, %d snapshots", h.Key, h.ID, len(all[h.Key]))
		}
	}
	if strings.Join(slices.Sorted(maps.Keys(all)), "") != "abcd" {
		t.Errorf("sessions %v, want one for each poster", heads)
	}
	return all
}
