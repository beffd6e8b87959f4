package http

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/peltonhq/pelton"
)

var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}

// own are headers that are the connection's business.
var own = []string{"host", "connection", "content-length", "transfer-encoding", "upgrade", "te", "trailer", "keep-alive", "proxy-authorization", "proxy-connection"}

// do makes one request; whatever happens is a response.
func (c *Client) do(r *pelton.Request) *pelton.Response {
	ctx, cancel := context.WithTimeout(c.ctx, c.o.Timeout)
	defer cancel()
	request, err := build(ctx, r)
	if err != nil {
		return &pelton.Response{Error: pelton.ResponseInvalid, Reason: err.Error()}
	}
	if err := c.check(request.URL); err != nil {
		return c.failed(err, 0)
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return c.failed(err, 0)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, c.o.MaxResponse+1))
	if err != nil {
		return c.failed(err, answer.StatusCode)
	}
	response := &pelton.Response{Status: answer.StatusCode, Headers: headers(answer.Header), Body: body}
	if int64(len(body)) > c.o.MaxResponse {
		response.Body, response.Error = nil, pelton.ResponseTooLarge
		response.Reason = fmt.Sprintf("the body is over capabilities.http.max_response of %d bytes", c.o.MaxResponse)
	}
	return response
}

// build makes the request as net/http has it.
func build(ctx context.Context, r *pelton.Request) (*http.Request, error) {
	method := strings.ToUpper(r.Method)
	if method == "" {
		method = http.MethodGet
	}
	if !slices.Contains(methods, method) {
		return nil, fmt.Errorf("method %q is none of %s", r.Method, strings.Join(methods, ", "))
	}
	u, err := url.Parse(r.URL)
	switch {
	case err != nil:
		return nil, fmt.Errorf("the URL can't be read: %w", err)
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return nil, fmt.Errorf("URL %q is not absolute, http or https", r.URL)
	case u.User != nil:
		return nil, errors.New("a URL with a user name; send the header Authorization")
	}
	request, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(r.Body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", "pelton")
	set := map[string]bool{}
	for _, h := range r.Headers {
		name := strings.ToLower(h.Name)
		if slices.Contains(own, name) {
			return nil, fmt.Errorf("header %q is not for a plugin to set", h.Name)
		}
		if !set[name] {
			request.Header.Del(h.Name)
			set[name] = true
		}
		request.Header.Add(h.Name, h.Value)
	}
	return request, nil
}

func headers(h http.Header) (list []pelton.Header) {
	for name, values := range h {
		for _, v := range values {
			list = append(list, pelton.Header{Name: name, Value: v})
		}
	}
	slices.SortStableFunc(list, func(a, b pelton.Header) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// failed names the kind of a failure.
func (c *Client) failed(err error, status int) *pelton.Response {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err // without the URL, which may hold a secret
	}
	r := &pelton.Response{Status: status, Error: pelton.ResponseUnreachable, Reason: err.Error()}
	network, isNet := errors.AsType[net.Error](err)
	switch reason, no := refused(err); {
	case no:
		r.Error, r.Reason = pelton.ResponseRefused, reason
	case errors.Is(err, context.DeadlineExceeded) || isNet && network.Timeout():
		r.Error, r.Reason = pelton.ResponseTimeout, fmt.Sprintf("no whole answer within capabilities.http.timeout of %s", c.o.Timeout)
	case strings.Contains(r.Reason, "server response headers exceeded"):
		r.Error, r.Reason = pelton.ResponseTooLarge, fmt.Sprintf("the headers are over capabilities.http.max_headers of %d bytes", c.o.MaxHeaders)
	case strings.Contains(r.Reason, "invalid header field"):
		r.Error = pelton.ResponseInvalid
	}
	return r
}
