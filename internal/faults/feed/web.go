package feed

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/internal/faults/record"
)

// web posts to the http source. A message counts when it was answered 202.
type web struct {
	ledger *record.Ledger

	mu  sync.Mutex
	end uint64 // of the queue, as far as this life of the wheel told
}

func (w *web) Start(_ string, l *record.Ledger, _ Way) (config string, err error) {
	w.ledger = l
	return "http: {}", nil
}

func (w *web) Send(ctx context.Context, addr string, p Pace) error {
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	c := &http.Client{Transport: transport}
	w.mu.Lock()
	w.end = 0 // a store that forgot its newest messages gives their numbers again
	w.mu.Unlock()
	return senders(ctx, p, func(ctx context.Context, sender int) (bool, error) {
		return w.post(ctx, c, addr, w.ledger.Next(sender, p.Batch))
	})
}

// post sends one batch. A wheel that says later is asked again, as it took nothing; one that is gone ends the sender.
func (w *web) post(ctx context.Context, c *http.Client, addr string, all []record.Message) (on bool, err error) {
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addr+"/v1/sources/in", bytes.NewReader(text(all)))
		if err != nil {
			return false, err
		}
		request.Header.Set("Content-Type", "application/x-ndjson")
		answer, err := c.Do(request)
		if err != nil {
			return false, nil //nolint:nilerr // the wheel was killed: nobody knows whether it has the batch
		}
		body, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close() // it was read to its end
		switch answer.StatusCode {
		case http.StatusAccepted: // the status is the promise, whatever became of the body
			return true, w.accepted(all, body)
		case http.StatusTooManyRequests:
			if !rest(ctx, answer.Header.Get("Retry-After")) {
				return false, nil
			}
		case http.StatusServiceUnavailable, http.StatusInternalServerError:
			return false, nil // the wheel is on its way down
		default:
			return false, fmt.Errorf("post: %s: %s (%w)", answer.Status, body, err)
		}
	}
}

func (w *web) accepted(all []record.Message, body []byte) error {
	var said struct {
		Accepted int    `json:"accepted"`
		First    uint64 `json:"first"`
	}
	if json.Unmarshal(body, &said) == nil {
		w.mu.Lock()
		w.end = max(w.end, said.First+uint64(said.Accepted))
		w.mu.Unlock()
	}
	return w.ledger.Acknowledge(all)
}

// rest waits as long as the wheel asks for.
func rest(ctx context.Context, seconds string) bool {
	n, err := strconv.Atoi(seconds)
	if err != nil {
		n = 1
	}
	timer := time.NewTimer(time.Duration(n) * time.Second)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (w *web) Read(s api.SourceStats) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(s.Lanes) == 1 && s.Lanes[0].Watermark >= w.end
}

func (w *web) Close() error { return nil }
