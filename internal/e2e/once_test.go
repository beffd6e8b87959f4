package e2e

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/peltonhq/pelton/api"
)

const posted = `
sources:
  orders: {http: {headers: [X-Request-Id]}, decode: {format: json, key: n}}
sinks:
  out: {from: [orders], file: {path: %s}}
`

// TestOnce: idempotency keys of requests and of messages, over HTTP and gRPC, before and after a kill.
func TestOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	out := filepath.Join(dir, "out.jsonl")
	config := write(t, filepath.Join(dir, "pelton.yaml"), fmt.Sprintf(posted, out))
	var w *wheel
	post := func(kind, key, body string) (status int, answer string) {
		t.Helper()
		request, err := http.NewRequestWithContext(limited(t), http.MethodPost, "http://"+w.http+"/v1/sources/orders", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", kind)
		if key != "" {
			request.Header.Set("Idempotency-Key", key)
		}
		res, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, strings.TrimSpace(string(text))
	}
	const lines, batch = "application/x-ndjson", "application/vnd.pelton.batch+json"
	for round := range 2 {
		w = start(t, config)
		for _, c := range []struct {
			kind, key, body string
			status          int
			answer          string
		}{
			{lines, "k", "{\"n\":1}\n{\"n\":2}\n", 202, `{"source":"orders","accepted":2,"first":1}`},
			{lines, "k", "{\"n\":1}\n{\"n\":2}\n", 202, `{"source":"orders","accepted":2,"first":1}`},
			{lines, "k", "{\"n\":1}\n", 422, `idempotency key \"k\" stands for the 2 messages from position 1 on, which have another content`},
			{batch, "", `[{"payload":{"n":3},"idempotency_key":"a"},{"payload":{"n":4},"idempotency_key":"b"}]`, 202, `"first":3,"positions":[3,4]}`},
			{batch, "", `[{"payload":{"n":4},"idempotency_key":"b"},{"payload":{"n":5},"idempotency_key":"c"}]`, 202, `"first":4,"positions":[4,5]}`},
			{batch, "", `[{"payload":{"n":9},"idempotency_key":"d"},{"payload":{"n":9},"idempotency_key":"d"}]`, 422, `\"d\" is there twice`},
			{batch, "x", `[{"payload":{"n":9},"idempotency_key":"d"}]`, 400, `give one of them`},
		} {
			if status, answer := post(c.kind, c.key, c.body); status != c.status || !strings.Contains(answer, c.answer) {
				t.Errorf("round %d: %s %s: %d %s, want %d %s", round, c.key, c.body, status, answer, c.status, c.answer)
			}
		}
		done, err := w.client().Publish(limited(t), "orders", api.Publication{Key: "grpc", Messages: []api.IngestMessage{{Payload: []byte(`{"n":6}`)}}})
		if err != nil || done.First != 6 || done.Known != round {
			t.Errorf("round %d: %+v, %v", round, done, err)
		}
		s := w.until(func(s api.Stats) bool { return s.Sources[0].Lanes[0].Watermark == 7 })
		if q := s.Sources[0].Queue; q.Known != uint64(2+5*round) || q.Limit == 0 || q.Bytes != 0 {
			t.Errorf("round %d: figures %+v", round, q)
		}
		w.kill()
	}
	if text := read(t, out); text != numbered(1, 6) {
		t.Errorf("the sink has %s", text)
	}
	http.DefaultClient.CloseIdleConnections()
}
