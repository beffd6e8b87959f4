package ingest

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
)

// splitters cut a body of many messages, by its media type. Any other body is one message.
var splitters = map[string]func(source string, body []byte, most int) ([]api.IngestMessage, error){
	"application/x-ndjson":              lines,
	"application/jsonl":                 lines,
	"application/vnd.pelton.batch+json": batch,
}

// lines are messages that end with a newline; empty lines are none. One more than most is enough to be refused.
func lines(source string, body []byte, most int) ([]api.IngestMessage, error) {
	var messages []api.IngestMessage
	for line := range bytes.Lines(body) {
		line = bytes.TrimRight(line, "\r\n")
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if messages = append(messages, api.IngestMessage{Payload: line}); len(messages) > most {
			break
		}
	}
	if len(messages) == 0 {
		return nil, api.Errorf(api.InvalidArgument, "source %s: the body has no line with a message", source)
	}
	return messages, nil
}

// entry is a message of a batch.
type entry struct {
	api.Body

	Key         *string   `json:"key"`
	ContentType string    `json:"content_type"`
	Time        time.Time `json:"time"`
	Headers     []struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	} `json:"headers"`
	IdempotencyKey string `json:"idempotency_key"`
}

// batch is a list of messages, or {"messages": list}.
func batch(source string, body []byte, _ int) ([]api.IngestMessage, error) {
	var in struct {
		Messages []entry `json:"messages"`
	}
	target := any(&in)
	if text := bytes.TrimLeft(body, " \t\r\n"); len(text) > 0 && text[0] == '[' {
		target = &in.Messages
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(target); err != nil {
		return nil, api.Errorf(api.InvalidArgument, "source %s: the batch is not [{\"key\": …, \"payload\": …}] or {\"messages\": […]}: byte %d: %w", source, d.InputOffset(), err)
	}
	if d.More() {
		return nil, api.Errorf(api.InvalidArgument, "source %s: the batch goes on behind its end, at byte %d; send one list or object", source, d.InputOffset())
	}
	messages := make([]api.IngestMessage, len(in.Messages))
	for i, m := range in.Messages {
		if m.Payload != nil && m.Base64 != nil {
			return nil, api.Errorf(api.InvalidArgument, "source %s: message %d has payload and payload_base64; give one of them", source, i)
		}
		if m.Body.Bytes() == nil {
			return nil, api.Errorf(api.InvalidArgument, "source %s: message %d has neither payload nor payload_base64", source, i)
		}
		messages[i] = api.IngestMessage{Payload: m.Body.Bytes(), ContentType: m.ContentType, Time: m.Time, IdempotencyKey: m.IdempotencyKey}
		if m.Key != nil {
			messages[i].Key = []byte(*m.Key)
		}
		for _, h := range m.Headers {
			messages[i].Headers = append(messages[i].Headers, pelton.Header(h))
		}
	}
	return messages, nil
}
