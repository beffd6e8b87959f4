package ingest

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
)

// Headers of a request. What is said of a message holds for each of them, unless the message says otherwise. Every other
// header that begins with X-Pelton- becomes one of the message, without that beginning.
const (
	headerKey  = "X-Pelton-Key"
	headerTime = "X-Pelton-Time" // RFC 3339
	headerOwn  = "X-Pelton-"
	headerOnce = "Idempotency-Key"
)

// traces are the headers of a W3C trace context, which messages keep under these names.
var traces = []string{"traceparent", "tracestate"}

// common is what the headers of a request say of its messages.
func common(source string, limits api.IngestLimits, h http.Header) (m api.IngestMessage, err error) {
	if _, ok := h[headerKey]; ok {
		key, err := one(source, h, headerKey)
		if err != nil {
			return m, err
		}
		m.Key = []byte(key)
	}
	text, err := one(source, h, headerTime)
	if err != nil {
		return m, err
	}
	if text != "" {
		if m.Time, err = time.Parse(time.RFC3339Nano, text); err != nil {
			return m, api.Errorf(api.InvalidArgument, "source %s: header %s %q is no time; want RFC 3339, for example 2026-01-02T15:04:05Z", source, headerTime, text)
		}
	}
	for _, name := range traces {
		if v := h.Get(name); v != "" {
			m.Headers = append(m.Headers, pelton.Header{Name: name, Value: v})
		}
	}
	for _, name := range limits.Headers {
		for _, v := range h.Values(name) {
			m.Headers = append(m.Headers, pelton.Header{Name: name, Value: v})
		}
	}
	for _, name := range sorted(h) {
		if !strings.HasPrefix(name, headerOwn) || name == headerKey || name == headerTime {
			continue
		}
		for _, v := range h[name] {
			m.Headers = append(m.Headers, pelton.Header{Name: strings.TrimPrefix(name, headerOwn), Value: v})
		}
	}
	return m, nil
}

func sorted(h http.Header) []string {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// one is a header that may be there once.
func one(source string, h http.Header, name string) (string, error) {
	values := h[name]
	if len(values) > 1 {
		return "", api.Errorf(api.InvalidArgument, "source %s: the header %s is there %d times; give it once", source, name, len(values))
	}
	return h.Get(name), nil
}

// inherit gives a message what its request says and it does not.
func inherit(m, request *api.IngestMessage) {
	if m.Key == nil {
		m.Key = request.Key
	}
	if m.Time.IsZero() {
		m.Time = request.Time
	}
	own := len(m.Headers)
	for _, h := range request.Headers {
		if !slices.ContainsFunc(m.Headers[:own], func(o pelton.Header) bool { return strings.EqualFold(o.Name, h.Name) }) {
			m.Headers = append(m.Headers, h)
		}
	}
}
