package streams_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/apitest"
	"github.com/peltonhq/pelton/api/streams"
	"github.com/peltonhq/pelton/store"
	"github.com/peltonhq/pelton/store/memory"
)

// overStream follows by the Durable Streams protocol: an offset is a cursor, and what is gone is a 410.
func overStream(t *testing.T, w *apitest.World) apitest.Follow {
	t.Helper()
	mux := http.NewServeMux()
	streams.Mount(mux, w.Service, streams.Options{})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return func(ctx context.Context, r api.FollowRequest, tell func(string)) {
		offset := "-1"
		if c, err := pelton.ParseCursor(r.After); err == nil {
			offset = fmt.Sprintf("%020d_%020d", c.Epoch, c.ID)
		}
		url := server.URL + "/v1/stream/" + r.Name + "/" + r.Key + "?live=sse&offset=" + offset
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			t.Error(err)
			return
		}
		answer, err := server.Client().Do(request)
		if err != nil {
			if ctx.Err() == nil {
				t.Error(err)
			}
			return
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			refused(t, answer, tell)
			return
		}
		tellStream(t, answer.Body, tell)
	}
}

func refused(t *testing.T, answer *http.Response, tell func(string)) {
	var body struct{ Error api.ErrorBody }
	if err := json.NewDecoder(answer.Body).Decode(&body); err != nil {
		t.Error(err)
		return
	}
	detail := body.Error.Detail
	detail[api.DetailResume] = cursorOf(t, answer.Header.Get("Stream-Next-Offset")).String()
	tell(apitest.ErrorLine(&api.Error{Code: api.ParseCode(body.Error.Code), Detail: detail}))
}

func cursorOf(t *testing.T, offset string) (c pelton.Cursor) {
	if n, err := fmt.Sscanf(offset, "%d_%d", &c.Epoch, &c.ID); n != 2 || err != nil {
		t.Errorf("offset %q: %v", offset, err)
	}
	return c
}

// tellStream tells the snapshots of an event stream: the control event behind each piece says where it ends.
func tellStream(t *testing.T, body io.Reader, tell func(string)) {
	var event string
	var piece []json.RawMessage
	for lines := bufio.NewReader(body); ; {
		text, err := lines.ReadString('\n')
		if err != nil {
			return // a line that has no end was cut with its connection
		}
		text = strings.TrimRight(text, "\r\n")
		if name, ok := strings.CutPrefix(text, "event: "); ok {
			event = name
			continue
		}
		data, ok := strings.CutPrefix(text, "data:")
		if !ok {
			continue
		}
		if event == "data" {
			if err := json.Unmarshal([]byte(data), &piece); err != nil {
				t.Error(err)
			}
			continue
		}
		var control struct {
			Next string `json:"streamNextOffset"`
		}
		if err := json.Unmarshal([]byte(data), &control); err != nil {
			t.Error(err)
		}
		at := cursorOf(t, control.Next)
		for i, payload := range piece {
			c := pelton.Cursor{Epoch: at.Epoch, ID: at.ID - uint64(len(piece)-1-i)}
			if i == 0 {
				tell(apitest.HelloLine(api.Hello{Cursor: pelton.Cursor{Epoch: c.Epoch, ID: c.ID - 1}}))
			}
			tell(apitest.EventLine(api.Event{Kind: api.KindSnapshot, Snapshot: &pelton.Snapshot{Payload: payload}, Cursor: c}))
		}
		piece = nil
	}
}

func TestTiles(t *testing.T) {
	t.Parallel()
	disk := memory.NewDisk()
	apitest.Tiles(t, func() (store.Store, error) { return disk.Open() }, overStream, func(r api.FollowRequest) bool {
		return !r.Log && r.OnGap == api.OnGapFail && r.Slow == api.SlowDisconnect && r.Coalesce == 0
	})
}
