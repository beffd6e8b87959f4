package sources

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// fromFile reads a file of lines.
func fromFile(name string, l *load) *side {
	return &side{
		name: name, client: "bufio.Scanner", load: l,
		source: func(int) string { return fmt.Sprintf("file: {path: %q}", l.path) },
		raw: func(context.Context, int) (int, error) {
			f, err := os.Open(l.path)
			if err != nil {
				return 0, err
			}
			defer f.Close()
			return lines(f)
		},
		close: func() error { return nil },
	}
}

func lines(r io.Reader) (n int, err error) {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 64<<10), 64<<10)
	for s.Scan() {
		n++
	}
	return n, s.Err()
}

const (
	posted  = 1000 // messages of a request
	posters = 4    // requests at once
)

// fromHTTP takes posts of many lines.
func fromHTTP(l *load) *side {
	return &side{
		name: "http", client: "net/http handler", load: l,
		source: func(int) string { return "http: {}" },
		feed:   func(ctx context.Context, base string) error { return l.post(ctx, base+"/v1/sources/in") },
		raw: func(ctx context.Context, _ int) (int, error) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return 0, err
			}
			var n atomic.Int64
			server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				m, err := lines(r.Body)
				if err != nil {
					w.WriteHeader(http.StatusBadRequest)
					return
				}
				n.Add(int64(m))
				w.WriteHeader(http.StatusAccepted)
			})}
			go func() { _ = server.Serve(listener) }() // ends with Close
			defer server.Close()
			err = l.post(ctx, "http://"+listener.Addr().String())
			return int(n.Load()), err
		},
		close: func() error { return nil },
	}
}

// post sends all messages; each request is answered 202 or the whole is an error.
func (l *load) post(ctx context.Context, url string) error {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: posters}}
	defer client.CloseIdleConnections()
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(posters)
	for text := l.text; len(text) > 0; {
		body := text[:min(len(text), posted*size)]
		text = text[len(body):]
		g.Go(func() error {
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
			if err != nil {
				return err
			}
			r.Header.Set("Content-Type", "application/x-ndjson")
			answer, err := client.Do(r)
			if err != nil {
				return err
			}
			defer answer.Body.Close()
			said, err := io.ReadAll(answer.Body)
			if err == nil && answer.StatusCode != http.StatusAccepted {
				err = fmt.Errorf("POST %s: %s: %s", url, answer.Status, said)
			}
			return err
		})
	}
	return g.Wait()
}
