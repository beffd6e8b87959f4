package ingest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
)

// splitters cut a body of many messages, by its media type. Any other body is one message.
var splitters = map[string]func(source string, body []byte) ([]api.IngestMessage, error){
	"application/x-ndjson":              lines,
	"application/jsonl":                 lines,
	"application/vnd.pelton.batch+json": batch,
}

// Headers of a request that carries one message. Every other header that begins with X-Pelton- is the message's.
const (
	headerKey  = "X-Pelton-Key"
	headerTime = "X-Pelton-Time" // RFC 3339
	headerOwn  = "X-Pelton-"
)

func single(body []byte, h http.Header) api.IngestMessage {
	m := api.IngestMessage{Payload: body, ContentType: h.Get("Content-Type")}
	if values, ok := h[headerKey]; ok {
		m.Key = []byte(values[0])
	}
	if t, err := time.Parse(time.RFC3339Nano, h.Get(headerTime)); err == nil {
		m.Time = t
	}
	for name, values := range h {
		if !strings.HasPrefix(name, headerOwn) || name == headerKey || name == headerTime {
			continue
		}
		for _, v := range values {
			m.Headers = append(m.Headers, pelton.Header{Name: strings.TrimPrefix(name, headerOwn), Value: v})
		}
	}
	return m
}

// lines are messages that end with a newline; empty lines are none.
func lines(source string, body []byte) ([]api.IngestMessage, error) {
	var messages []api.IngestMessage
	for line := range bytes.Lines(body) {
		line = bytes.TrimRight(line, "\r\n")
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		messages = append(messages, api.IngestMessage{Payload: line})
	}
	if len(messages) == 0 {
		return nil, api.Errorf(api.InvalidArgument, "source %s: the body has no line with a message", source)
	}
	return messages, nil
}

// batch is {"messages": [{"key", "payload" or "payload_base64", "content_type", "time", "headers"}]}.
func batch(source string, body []byte) ([]api.IngestMessage, error) {
	var in struct {
		Messages []struct {
			api.Body

			Key         *string   `json:"key"`
			ContentType string    `json:"content_type"`
			Time        time.Time `json:"time"`
			Headers     []struct {
				Name  string `json:"name"`
				Value string `json:"value"`
			} `json:"headers"`
		} `json:"messages"`
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return nil, api.Errorf(api.InvalidArgument, "source %s: the batch is not {\"messages\": [{\"key\": …, \"payload\": …}]}: %w", source, err)
	}
	if d.More() {
		return nil, api.Errorf(api.InvalidArgument, "source %s: the batch goes on behind its end; send one object", source)
	}
	messages := make([]api.IngestMessage, len(in.Messages))
	for i, m := range in.Messages {
		if m.Body.Bytes() == nil {
			return nil, api.Errorf(api.InvalidArgument, "source %s: message %d has neither payload nor payload_base64", source, i)
		}
		messages[i] = api.IngestMessage{Payload: m.Body.Bytes(), ContentType: m.ContentType, Time: m.Time}
		if m.Key != nil {
			messages[i].Key = []byte(*m.Key)
		}
		for _, h := range m.Headers {
			messages[i].Headers = append(messages[i].Headers, pelton.Header(h))
		}
	}
	return messages, nil
}
