package http

import (
	"errors"
	"strconv"
	"strings"
)

// quoteMost is how much of an answer gets into an error.
const quoteMost = 200

// hide takes the values of headers out of an error (H1).
func (s *Sink) hide(err error) error {
	text := err.Error()
	if hidden := s.without(text); hidden != text {
		return errors.New(hidden)
	}
	return err
}

// without is a text in which no value of a header stands.
func (s *Sink) without(text string) string {
	for name, value := range s.options.Header {
		if value != "" {
			text = strings.ReplaceAll(text, value, "["+name+"]")
		}
		// A server may tell the token without its scheme: "Bearer x" is refused with "token x is unknown".
		if _, token, ok := strings.Cut(value, " "); ok && token != "" {
			text = strings.ReplaceAll(text, token, "["+name+"]")
		}
	}
	return text
}

// quote is the beginning of an answer, for an error; nothing if it is empty.
func (s *Sink) quote(answer []byte) string {
	text := s.without(strings.TrimSpace(string(answer)))
	if text == "" {
		return ""
	}
	if len(text) > quoteMost {
		text = text[:quoteMost] + "…"
	}
	return ": " + strconv.QuoteToGraphic(text)
}
