package ingest

import (
	"bytes"
	"errors"
	"testing"

	"github.com/peltonhq/pelton/api"
)

// FuzzSplit: whatever the body, there are messages or an error that the client is to blame for.
func FuzzSplit(f *testing.F) {
	f.Add([]byte("1\r\n\n2"))
	f.Add([]byte(`[{"key":"a","payload":{"n":1},"idempotency_key":"k","time":"2026-01-02T03:04:05Z","headers":[{"name":"n","value":"v"}]}]`))
	f.Add([]byte(`{"messages":[{"payload_base64":"/w=="}]}`))
	f.Add([]byte(`{"messages":null}`))
	f.Add([]byte(`[null]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for media, split := range splitters {
			messages, err := split("s", bytes.Clone(body), 3)
			var e *api.Error
			if err != nil && (!errors.As(err, &e) || e.Code != api.InvalidArgument || messages != nil) {
				t.Errorf("%s: %v with %d messages", media, err, len(messages))
			}
			for i, m := range messages {
				if m.Payload == nil {
					t.Errorf("%s: message %d has no payload", media, i)
				}
			}
			if media != "application/vnd.pelton.batch+json" && len(messages) > 4 {
				t.Errorf("%s: %d messages are more than the limit and one", media, len(messages))
			}
		}
	})
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("a\nb\r\n\n c\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		messages, err := lines("s", body, 1<<20)
		if err != nil {
			return
		}
		var again []byte
		for _, m := range messages {
			again = append(append(again, m.Payload...), '\n')
		}
		twice, err := lines("s", again, 1<<20)
		if err != nil || len(twice) != len(messages) {
			t.Errorf("%q: %d messages became %d: %v", body, len(messages), len(twice), err)
		}
	})
}
