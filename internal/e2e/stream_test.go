package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/peltonhq/pelton/api"
)

// sseEvent is one event as a browser would see it.
type sseEvent struct{ name, id, data string }

// sse reads events of a path until give says no (nil), the stream ends or ctx does (an error).
func sse(ctx context.Context, addr, path string, give func(sseEvent) bool) error {
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+path, http.NoBody)
	if err != nil {
		return err
	}
	answer, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	var e sseEvent
	for lines := bufio.NewReaderSize(answer.Body, 64<<10); ; {
		line, err := lines.ReadString('\n')
		if err != nil {
			return err
		}
		field, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch field {
		case "event":
			e.name = value
		case "id":
			e.id = value
		case "data":
			e.data += value
		case "":
			if e.name != "" && !give(e) {
				return nil
			}
			e = sseEvent{}
		}
	}
}

// reader follows all sessions of a name by SSE over several processes of one wheel: each time it goes on after the
// last cursor that it saw.
type reader struct {
	t      *testing.T
	name   string
	cursor string
	seen   []api.Document
}

// read reads n more snapshots.
func (r *reader) read(w *wheel, n int) {
	r.t.Helper()
	path := "/v1/sessions/" + r.name + "/events?after=" + url.QueryEscape(r.cursor)
	left := n
	err := sse(limited(r.t), w.http, path, func(e sseEvent) bool {
		switch e.name {
		case "hello":
		case "snapshot":
			var d api.Document
			if err := json.Unmarshal([]byte(e.data), &d); err != nil {
				r.t.Errorf("snapshot %q: %v", e.data, err)
			}
			r.seen = append(r.seen, d)
			r.cursor = e.id
			left--
		default:
			r.t.Errorf("after %s came %+v", r.cursor, e)
			return false
		}
		return left > 0
	})
	if err != nil || left > 0 {
		r.t.Fatalf("follow %s: %v with %d of %d snapshots still to come", path, err, left, n)
	}
}
