package web_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/apitest"
)

func TestIngest(t *testing.T) {
	t.Parallel()
	const ndjson, batch = "application/x-ndjson", "application/vnd.pelton.batch+json"
	large := strings.Repeat("x", apitest.MessageMost+1)
	for _, c := range []struct {
		name, source, media, body string
		status                    int
		payloads                  []string
	}{
		{"one", "orders", "application/json", `{"a":1}`, 202, []string{`{"a":1}`}},
		{"one without a type", "orders", "", "a\nb", 202, []string{"a\nb"}},
		{"lines", "orders", ndjson, "1\r\n\n2\n3", 202, []string{"1", "2", "3"}},
		{"no lines", "orders", ndjson, " \n", 400, nil},
		{"batch", "orders", batch, `{"messages":[{"key":"a","payload":{"n":1}},{"payload_base64":"/w=="}]}`, 202, []string{`{"n":1}`, "\xff"}},
		{"list", "orders", batch, ` [{"payload":1},{"payload":[]}]`, 202, []string{"1", "[]"}},
		{"empty list", "orders", batch, `[]`, 400, nil},
		{"not a batch", "orders", batch, `3`, 400, nil},
		{"batch that breaks off", "orders", batch, `[{"payload":1}`, 400, nil},
		{"batch of both payloads", "orders", batch, `[{"payload":1,"payload_base64":"/w=="}]`, 400, nil},
		{"too many lines", "orders", ndjson, strings.Repeat("1\n", 11), 413, nil},
		{"too many bytes", "orders", ndjson, strings.Repeat(strings.Repeat("x", 60)+"\n", 110), 413, nil},
		{"two keys", "orders", batch, `[{"payload":1,"idempotency_key":"` + strings.Repeat("k", 257) + `"}]`, 400, nil},
		{"batch without payload", "orders", batch, `{"messages":[{"key":"a"}]}`, 400, nil},
		{"batch with an unknown field", "orders", batch, `{"messages":[{"pay":1}]}`, 400, nil},
		{"batch twice", "orders", batch, `{"messages":[]}{}`, 400, nil},
		{"too large", "orders", "", large, 413, nil},
		{"a line too large", "orders", ndjson, "1\n" + large, 413, nil},
		{"unknown source", "order", "", "x", 404, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w, server := start(t)
			answer, body := do(t, server, http.MethodPost, "/v1/sources/"+c.source, c.body, "Content-Type", c.media)
			if answer.StatusCode != c.status {
				t.Fatalf("%d %s, want %d", answer.StatusCode, body, c.status)
			}
			if len(w.Published) != len(c.payloads) {
				t.Fatalf("%d messages, want %d", len(w.Published), len(c.payloads))
			}
			for i, want := range c.payloads {
				if got := string(w.Published[i].Payload); got != want {
					t.Errorf("message %d is %q, want %q", i, got, want)
				}
			}
			if want := fmt.Sprintf(`{"source":"orders","accepted":%d,"first":0}`+"\n", len(c.payloads)); c.status == 202 && body != want {
				t.Errorf("answer %s, want %s", body, want)
			}
		})
	}
}

// What headers say of a message, and how they are wrong.
func TestIngestHeaders(t *testing.T) {
	t.Parallel()
	w, server := start(t)
	const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	headers := []string{
		"X-Pelton-Key", "k", "X-Pelton-Time", "2026-01-02T03:04:05Z", "X-Pelton-Tenant", "7", "Traceparent", trace, "X-Request-Id", "r", "X-Other", "no",
	}
	want := []pelton.Header{{Name: "traceparent", Value: trace}, {Name: "X-Request-Id", Value: "r"}, {Name: "Tenant", Value: "7"}}
	do(t, server, http.MethodPost, "/v1/sources/orders", "x", headers...)
	do(t, server, http.MethodPost, "/v1/sources/orders", "1\n2", append(headers, "Content-Type", "application/x-ndjson")...)
	do(t, server, http.MethodPost, "/v1/sources/orders",
		`[{"payload":1},{"payload":2,"key":"own","time":"2027-01-01T00:00:00Z","headers":[{"name":"Traceparent","value":"t"}]}]`,
		append(headers, "Content-Type", "application/vnd.pelton.batch+json")...)
	if len(w.Published) != 5 {
		t.Fatalf("%d messages", len(w.Published))
	}
	for i, m := range w.Published[:4] {
		if string(m.Key) != "k" || m.Time.Year() != 2026 || !reflect.DeepEqual(m.Headers, want) {
			t.Errorf("message %d is %+v", i, m)
		}
	}
	own := append([]pelton.Header{{Name: "Traceparent", Value: "t"}}, want[1:]...)
	if m := w.Published[4]; string(m.Key) != "own" || m.Time.Year() != 2027 || !reflect.DeepEqual(m.Headers, own) {
		t.Errorf("the message with its own is %+v", m)
	}
	for _, c := range []struct{ name, value, want string }{
		{"X-Pelton-Time", "noon", `header X-Pelton-Time \"noon\" is no time; want RFC 3339`},
		{"Content-Encoding", "gzip", `Content-Encoding \"gzip\"; send it as it is`},
		{"Idempotency-Key", "", "Idempotency-Key is empty"},
		{"Idempotency-Key", strings.Repeat("k", 257), "257 bytes"},
	} {
		answer, body := do(t, server, http.MethodPost, "/v1/sources/orders", "x", c.name, c.value)
		if answer.StatusCode != http.StatusBadRequest || !strings.Contains(body, c.want) {
			t.Errorf("%s: %q: %d %s", c.name, c.value, answer.StatusCode, body)
		}
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/v1/sources/orders", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	request.Header["Idempotency-Key"] = []string{"a", "b"}
	answer, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if answer.Body.Close(); answer.StatusCode != http.StatusBadRequest {
		t.Errorf("two keys: %d", answer.StatusCode)
	}
	if len(w.Published) != 5 {
		t.Errorf("%d messages after what was refused", len(w.Published))
	}
}

// A key that comes again gets the answer that it got, one that stands for something else is 422.
func TestIngestOnce(t *testing.T) {
	t.Parallel()
	w, server := start(t)
	post := func(key string) (status int, replayed, body string) {
		answer, body := do(t, server, http.MethodPost, "/v1/sources/orders", "x", "Idempotency-Key", key)
		return answer.StatusCode, answer.Header.Get("Idempotency-Replayed"), body
	}
	status, replayed, first := post("a")
	if status != http.StatusAccepted || replayed != "" {
		t.Errorf("%d, replayed %q: %s", status, replayed, first)
	}
	if status, replayed, body := post("a"); status != http.StatusAccepted || replayed != "true" || body != first || len(w.Published) != 1 {
		t.Errorf("%d, replayed %q: %s, want %s; %d messages", status, replayed, body, first, len(w.Published))
	}
	status, _, body := post("reused")
	var answer struct{ Error api.ErrorBody }
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatal(err)
	}
	if status != http.StatusUnprocessableEntity || answer.Error.Code != "INVALID_ARGUMENT" || answer.Error.Detail["reason"] != api.ReasonKeyReused {
		t.Errorf("%d %s", status, body)
	}
}

func TestIngestFull(t *testing.T) {
	t.Parallel()
	w, server := start(t)
	w.Full = true
	answer, body := do(t, server, http.MethodPost, "/v1/sources/orders", "x")
	if answer.StatusCode != http.StatusTooManyRequests || answer.Header.Get("Retry-After") != "2" {
		t.Errorf("%d, Retry-After %q: %s", answer.StatusCode, answer.Header.Get("Retry-After"), body)
	}
}
