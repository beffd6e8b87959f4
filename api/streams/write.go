package streams

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/session"
	"github.com/peltonhq/pelton/session/stream"
)

// defaultType is the content type of a stream that was created without one.
const defaultType = "application/octet-stream"

// put creates a stream, or finds the one that the same request created.
func (h handler) put(rq request) (err error) {
	if rq.Header.Get(headerForked) != "" {
		return api.Errorf(api.Unimplemented, "%s: forks are not available in this version; read the stream and write a new one", headerForked)
	}
	w := stream.Write{Op: stream.Create, Close: closes(rq.Header)}
	if w.TTL, w.Expires, err = expiryOf(rq.Header); err != nil {
		return err
	}
	if w.ContentType, err = typeOf(rq.Header); err != nil {
		return err
	}
	if w.ContentType == "" {
		w.ContentType = defaultType
	}
	body, err := bodyOf(rq)
	if err != nil {
		return err
	}
	if w.Payloads, err = h.split(body, w.ContentType); err != nil {
		return err
	}
	out, err := h.svc.WriteStream(rq.Context(), rq.name, rq.key, w)
	if err != nil {
		return err
	}
	rq.wrote(&out)
	status := http.StatusOK
	if out.Created {
		status = http.StatusCreated
		rq.w.Header().Set("Location", rq.url())
	}
	rq.w.Header().Set("Content-Type", out.Stream.ContentType)
	rq.w.WriteHeader(status)
	return nil
}

// url is where the stream is, as the client named it.
func (rq request) url() string {
	scheme := "http"
	if rq.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + rq.Host + rq.URL.EscapedPath()
}

// post appends to a stream, closes it, or both.
func (h handler) post(rq request) (err error) {
	w := stream.Write{Op: stream.Append, Close: closes(rq.Header)}
	if w.Producer, err = producerOf(rq.Header); err != nil {
		return err
	}
	if w.Seq, err = seqOf(rq.Header); err != nil {
		return err
	}
	body, err := bodyOf(rq)
	if err != nil {
		return err
	}
	if len(body) > 0 {
		if w.ContentType, err = typeOf(rq.Header); err != nil {
			return err
		}
		if w.ContentType == "" {
			return api.Errorf(api.InvalidArgument, "Content-Type is missing; want the stream's")
		}
		if w.Payloads, err = h.split(body, w.ContentType); err != nil {
			return err
		}
	}
	if len(w.Payloads) == 0 && (len(body) > 0 || !w.Close) {
		return api.Errorf(api.InvalidArgument, "nothing to append; with %s: true and no body it is closed", headerClosed)
	}
	out, err := h.svc.WriteStream(rq.Context(), rq.name, rq.key, w)
	if err != nil {
		return err
	}
	rq.wrote(&out)
	status := http.StatusNoContent
	if w.Producer != nil {
		rq.w.Header().Set(headerEpoch, strconv.FormatUint(out.Producer.Epoch, 10))
		rq.w.Header().Set(headerPSeq, strconv.FormatUint(out.Producer.Seq, 10))
		if !out.Duplicate && len(w.Payloads) > 0 {
			status = http.StatusOK
		}
	}
	rq.w.WriteHeader(status)
	return nil
}

// wrote sets what both writes answer.
func (rq request) wrote(out *session.Written) {
	rq.w.Header().Set(headerNext, offsetOf(out.Cursor))
	if out.Stream.Closed {
		rq.w.Header().Set(headerClosed, "true")
	}
	rq.expiry(&out.Stream)
}

func (rq request) expiry(s *stream.Stream) {
	if s.TTL > 0 {
		rq.w.Header().Set(headerTTL, strconv.FormatInt(int64(s.TTL/time.Second), 10))
	}
	if !s.Expires.IsZero() {
		rq.w.Header().Set(headerExpires, s.Expires.Format(time.RFC3339Nano))
	}
}

func bodyOf(rq request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(rq.w, rq.Body, session.MaxPayload))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, api.TooLarge("the body has more than %d bytes; append it in parts", large.Limit)
	case err != nil:
		return nil, api.Errorf(api.InvalidArgument, "the body broke off: %v", err)
	}
	return body, nil
}

// split makes snapshots of a body: one of a body of bytes, one of each message of JSON, of which a list is several.
func (h handler) split(body []byte, contentType string) ([][]byte, error) {
	if len(body) == 0 {
		return nil, nil
	}
	if st := (stream.Stream{ContentType: contentType}); !st.JSON() {
		return [][]byte{body}, nil
	}
	if !json.Valid(body) {
		return nil, api.Errorf(api.InvalidArgument, "the body is no JSON")
	}
	if bytes.TrimLeft(body, " \t\r\n")[0] != '[' {
		return [][]byte{body}, nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, api.Errorf(api.InvalidArgument, "the body is no JSON: %v", err)
	}
	if len(list) > h.o.Messages {
		h.o.Meter.Lists.Add(1)
		return nil, api.TooLarge("the body has %d messages; want at most %d (api.limits.append_messages)", len(list), h.o.Messages)
	}
	payloads := make([][]byte, len(list))
	for i := range list {
		payloads[i] = list[i]
	}
	return payloads, nil
}
