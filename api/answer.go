package api

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// ReasonTooLarge is the detail "reason" of an [InvalidArgument] error that is 413 over HTTP.
const ReasonTooLarge = "too_large"

// TooLarge builds the error of something larger than it may be.
func TooLarge(format string, args ...any) *Error {
	return Errorf(InvalidArgument, format, args...).With(DetailReason, ReasonTooLarge)
}

// ReasonKeyReused is the detail "reason" of an [InvalidArgument] error that is 422 over HTTP.
const ReasonKeyReused = "key_reused"

// KeyReused builds the error of an idempotency key that stands for something else.
func KeyReused(format string, args ...any) *Error {
	return Errorf(InvalidArgument, format, args...).With(DetailReason, ReasonKeyReused)
}

// HTTP is the error's status over HTTP.
func (e *Error) HTTP() int {
	if e.Code == InvalidArgument && e.Detail[DetailReason] == ReasonTooLarge {
		return http.StatusRequestEntityTooLarge
	}
	if e.Code == InvalidArgument && e.Detail[DetailReason] == ReasonKeyReused {
		return http.StatusUnprocessableEntity
	}
	return e.Code.HTTP()
}

// ErrorBody is an error's JSON shape on every HTTP transport.
type ErrorBody struct {
	Code    string            `json:"code"`
	Message string            `json:"message"`
	Detail  map[string]string `json:"detail,omitempty"`
}

// Body is the error's JSON shape.
func (e *Error) Body() ErrorBody { return ErrorBody{e.Code.String(), e.Message, e.Detail} }

// WriteError answers an HTTP request with err's status and {"error": {"code", "message", "detail"}}.
func WriteError(w http.ResponseWriter, err error) {
	e := Wrap(err)
	WriteErrorStatus(w, e.HTTP(), e)
}

// WriteErrorStatus is [WriteError] with a status of the protocol's own.
func WriteErrorStatus(w http.ResponseWriter, status int, e *Error) {
	if e.Code == ResourceExhausted || e.Code == Unavailable {
		w.Header().Set("Retry-After", strconv.Itoa(e.retryAfter()))
	}
	if e.Code == Unauthenticated {
		w.Header().Set("WWW-Authenticate", e.challenge())
	}
	WriteJSON(w, status, map[string]ErrorBody{"error": e.Body()})
}

// challenge tells an HTTP client how to say who it is.
func (e *Error) challenge() string {
	if e.Detail[DetailReason] == "" {
		return Challenge
	}
	return Challenge + `, error="invalid_token"`
}

// Challenge is the header WWW-Authenticate of an answer with status 401.
const Challenge = `Bearer realm="pelton"`

// retryAfter is whole seconds, at least one.
func (e *Error) retryAfter() int {
	wait, err := time.ParseDuration(e.Detail[DetailRetryAfter])
	if err != nil {
		return 1
	}
	return max(1, int((wait+time.Second-1)/time.Second))
}

// WriteJSON answers an HTTP request with v as one line of JSON.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"error":{"code":"INTERNAL","message":"the answer cannot be written as JSON"}}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // a client that is gone needs no answer
}
