package http

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/sink"
)

// refusal is an answer that the same request gets whenever it is made.
type refusal struct{ text string }

func (r *refusal) Error() string { return r.text }

// send sends the effects of one lane, in order, until one fails for now. It writes only their outcomes.
func (s *Sink) send(ctx context.Context, effects []pelton.Effect, lane []int) error {
	for len(lane) > 0 {
		body, n := s.body(effects, lane)
		err := s.request(ctx, effects, lane[:n], body)
		var refused *refusal
		switch {
		case errors.As(err, &refused) && n > 1: // which of them?
			for i := range n {
				if err := s.send(ctx, effects, lane[i:i+1]); err != nil {
					return err
				}
			}
		case errors.As(err, &refused):
			s.done[lane[0]] = outcome{settled: true, refused: refused}
		case err != nil:
			return err
		default:
			for _, i := range lane[:n] {
				s.done[i] = outcome{settled: true}
			}
		}
		lane = lane[n:]
	}
	return nil
}

// body is that of the next request, and how many effects of the lane are in it.
func (s *Sink) body(effects []pelton.Effect, lane []int) (body []byte, n int) {
	if s.options.Batch == 1 {
		return effects[lane[0]].Payload, 1
	}
	for _, i := range lane {
		line, ok := oneLine(effects[i].Payload)
		if n > 0 && (!ok || n == s.options.Batch || len(body)+len(line) > s.options.BatchBytes) {
			break
		}
		if n++; !ok {
			return nil, n
		}
		body = sink.AppendLine(body, line)
	}
	return body, n
}

// oneLine is a payload without newlines; false if it can't be had.
func oneLine(payload []byte) ([]byte, bool) {
	payload = bytes.TrimRight(payload, "\r\n")
	if len(payload) == 0 {
		return nil, false
	}
	if !bytes.ContainsAny(payload, "\r\n") {
		return payload, true
	}
	var line bytes.Buffer
	if json.Compact(&line, payload) != nil || bytes.ContainsAny(line.Bytes(), "\r\n") {
		return nil, false
	}
	return line.Bytes(), true
}

// request makes one request. nil: the server has it. A *refusal: it never will. Else it is worth another try.
func (s *Sink) request(ctx context.Context, effects []pelton.Effect, which []int, body []byte) error {
	if s.options.Batch > 1 && body == nil {
		return &refusal{"a payload that is empty, or has newlines and is not JSON, can't be a line; set batch to 1"}
	}
	r, err := http.NewRequestWithContext(ctx, s.options.Method, s.options.URL, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s: %w", s.where, reason(err))
	}
	s.headers(r.Header, effects, which)
	answer, err := s.client.Do(r)
	if err != nil {
		return fmt.Errorf("%s: %w", s.where, s.hide(reason(err)))
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(answer.Body, answerMost)) // one that breaks off has its status all the same
	code := answer.StatusCode
	if code >= 200 && code < 300 {
		return nil // whatever there is to read: the status is the promise
	}
	said := fmt.Errorf("%s: %s%s", s.where, answer.Status, s.quote(text))
	switch {
	case code == http.StatusRequestTimeout || code == http.StatusTooEarly || code == http.StatusTooManyRequests || code >= 500:
		return &sink.Later{After: min(retryAfter(answer.Header.Get("Retry-After"), time.Now()), s.options.MaxRetryAfter), Err: said}
	case code == http.StatusUnauthorized || code == http.StatusForbidden || code == http.StatusProxyAuthRequired:
		return fmt.Errorf("%w; that is about who we are, not about the message: mend headers or headers_file", said)
	case code < 400:
		return fmt.Errorf("%w; redirects are not followed, give the URL that it leads to", said)
	}
	return &refusal{said.Error()}
}

// answerMost is how much of an answer is read, so that its connection can be used again.
const answerMost = 64 << 10

// Headers of a request for one effect.
const (
	headerOnce  = "Idempotency-Key"
	headerKey   = "X-Pelton-Key"
	headerTime  = "X-Pelton-Time"
	headerTrace = "Traceparent"
)

func (s *Sink) headers(h http.Header, effects []pelton.Effect, which []int) {
	for name, value := range s.options.Header {
		h.Set(name, value)
	}
	if s.options.Batch > 1 {
		ids := sha256.New()
		for _, i := range which {
			fmt.Fprintln(ids, effects[i].ID)
		}
		h.Set(headerOnce, hex.EncodeToString(ids.Sum(nil)))
		h.Set("Content-Type", or(s.options.ContentType, "application/x-ndjson"))
		return
	}
	e := &effects[which[0]]
	h.Set(headerOnce, e.ID.String())
	h.Set("Content-Type", or(s.options.ContentType, e.ContentType, "application/json"))
	if e.Key != nil && printable(e.Key) {
		h.Set(headerKey, string(e.Key))
	}
	if !e.Time.IsZero() {
		h.Set(headerTime, e.Time.UTC().Format(time.RFC3339Nano))
	}
	if e.Trace != "" && printable([]byte(e.Trace)) {
		h.Set(headerTrace, e.Trace)
	}
}

func or(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// printable reports whether a header can have the text as it is.
func printable(text []byte) bool {
	for _, b := range text {
		if b < ' ' || b > '~' {
			return false
		}
	}
	return len(text) > 0 && text[0] != ' ' && text[len(text)-1] != ' '
}

// retryAfter reads a Retry-After header: seconds, or a date.
func retryAfter(text string, now time.Time) time.Duration {
	if n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 31); err == nil {
		return time.Duration(n) * time.Second
	}
	if t, err := http.ParseTime(text); err == nil {
		return max(0, t.Sub(now))
	}
	return 0
}

// reason is an error without the URL that net/http puts in front of it.
func reason(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}
