package streams

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/session/stream"
)

// Largest numbers in headers.
const (
	maxSafe = 1<<53 - 1     // what JavaScript counts to
	maxTTL  = 100 * 1 << 25 // seconds, about a century
	maxText = 256           // bytes of a producer's name or a Stream-Seq
)

// decimal reads a number without sign, leading zeros, fraction or exponent.
func decimal(name, text string, most uint64) (uint64, error) {
	n, ok := number(text)
	if !ok || text != strconv.FormatUint(n, 10) || n > most {
		return 0, api.Errorf(api.InvalidArgument, "%s: %.40q: want a whole number from 0 to %d, without sign or leading zeros", name, text, most)
	}
	return n, nil
}

// closes reports whether a write is the last one.
func closes(h http.Header) bool { return strings.EqualFold(h.Get(headerClosed), "true") }

// producerOf is who writes; nil when the request does not say.
func producerOf(h http.Header) (*stream.Producer, error) {
	names := []string{headerProducer, headerEpoch, headerPSeq}
	there := 0
	for _, name := range names {
		there += min(len(h[name]), 1)
	}
	if there == 0 {
		return nil, nil
	}
	p := &stream.Producer{ID: h.Get(headerProducer)}
	switch {
	case there < len(names):
		return nil, api.Errorf(api.InvalidArgument, "%s belong together; want all of them or none", strings.Join(names, ", "))
	case p.ID == "" || len(p.ID) > maxText:
		return nil, api.Errorf(api.InvalidArgument, "%s: want 1 to %d bytes", headerProducer, maxText)
	}
	var err error
	if p.Epoch, err = decimal(headerEpoch, h.Get(headerEpoch), maxSafe); err == nil {
		p.Seq, err = decimal(headerPSeq, h.Get(headerPSeq), maxSafe)
	}
	return p, err
}

// seqOf is the writer's own sequence number, which only compares.
func seqOf(h http.Header) (string, error) {
	seq := h.Get(headerSeq)
	if len(seq) > maxText {
		return "", api.Errorf(api.InvalidArgument, "%s: %d bytes are too many; want at most %d", headerSeq, len(seq), maxText)
	}
	return seq, nil
}

// expiryOf is when a stream ends.
func expiryOf(h http.Header) (ttl time.Duration, at time.Time, err error) {
	_, slides := h[http.CanonicalHeaderKey(headerTTL)]
	_, fixed := h[headerExpires]
	switch {
	case slides && fixed:
		return 0, at, api.Errorf(api.InvalidArgument, "%s and %s: want one of them", headerTTL, headerExpires)
	case slides:
		seconds, err := decimal(headerTTL, h.Get(headerTTL), maxTTL)
		// Zero is a stream that is gone at once; no expiry is something else.
		return max(time.Duration(seconds)*time.Second, time.Nanosecond), at, err
	case fixed:
		if at, err = time.Parse(time.RFC3339, h.Get(headerExpires)); err != nil {
			return 0, at, api.Errorf(api.InvalidArgument, "%s: %.40q is no RFC 3339 time, for example 2030-01-31T12:00:00Z", headerExpires, h.Get(headerExpires))
		}
		return 0, at.UTC(), nil
	}
	return 0, at, nil
}

// typeOf is the content type of a body.
func typeOf(h http.Header) (string, error) {
	text := strings.TrimSpace(h.Get("Content-Type"))
	if text == "" {
		return "", nil
	}
	if _, _, err := mime.ParseMediaType(text); err != nil || len(text) > maxText || !strings.Contains(text, "/") {
		return "", api.Errorf(api.InvalidArgument, "Content-Type: %.80q is none; want for example text/plain", text)
	}
	return text, nil
}
