package event_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http/httputil"
	"strings"
	"testing"

	"github.com/peltonhq/pelton/api/event"
)

// Chunks that were made one by one are a body of HTTP/1.1, whatever their sizes.
func TestChunk(t *testing.T) {
	var body []byte
	var want strings.Builder
	for _, n := range []int{1, 9, 15, 16, 255, 256, 70_000} {
		data := strings.Repeat("x", n)
		from := len(body)
		body = event.Chunk(event.Append(body, false, "snapshot", fmt.Sprint("1:", n), []byte(data)), from)
		fmt.Fprintf(&want, "event: snapshot\nid: 1:%d\ndata: %s\n\n", n, data)
	}
	body = append(body, "0\r\n\r\n"...)
	got, err := io.ReadAll(httputil.NewChunkedReader(bufio.NewReader(strings.NewReader(string(body)))))
	if err != nil || string(got) != want.String() {
		t.Errorf("%d bytes, want %d: %v", len(got), want.Len(), err)
	}
}

func TestAppend(t *testing.T) {
	for _, test := range []struct {
		bare           bool
		id, data, want string
	}{
		{false, "1:2", "x", "event: e\nid: 1:2\ndata: x\n\n"},
		{false, "", "a\r\nb\rc\nd", "event: e\ndata: a\ndata: b\ndata: c\ndata: d\n\n"},
		{false, "", "", "event: e\ndata: \n\n"},
		{true, "", " x", "event: e\ndata:  x\n\n"},
		{true, "", "x\n", "event: e\ndata:x\ndata:\n\n"},
	} {
		if got := string(event.Append(nil, test.bare, "e", test.id, []byte(test.data))); got != test.want {
			t.Errorf("%+v: %q", test, got)
		}
	}
}
