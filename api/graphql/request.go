package graphql

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/peltonhq/pelton/api"
)

// Media types of answers.
const (
	mediaJSON     = "application/json"
	mediaResponse = "application/graphql-response+json"
)

// refusal is why a request is no operation, with its HTTP status.
type refusal struct {
	status int
	err    *gqlerror.Error
}

// failure is the response to what was not executed: it has no data, not even null.
type failure struct {
	Errors gqlerror.List `json:"errors"`
}

func refuse(status int, format string, args ...any) *refusal {
	err := gqlerror.Errorf(format, args...)
	err.Extensions = map[string]any{"code": api.InvalidArgument.GraphQL()}
	return &refusal{status, err}
}

// params reads the operation of a GET or POST.
func (h *handler) params(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, *refusal) {
	p := &graphql.RawParams{Headers: r.Header}
	now := graphql.Now()
	p.ReadTime = graphql.TraceTiming{Start: now, End: now}
	switch r.Method {
	case http.MethodGet:
		return p, fromQuery(p, r)
	case http.MethodPost:
		return p, h.fromBody(p, w, r)
	}
	w.Header().Set("Allow", "GET, POST")
	return nil, refuse(http.StatusMethodNotAllowed, "method %s: want GET or POST", r.Method)
}

func fromQuery(p *graphql.RawParams, r *http.Request) *refusal {
	query := r.URL.Query()
	p.Query, p.OperationName = query.Get("query"), query.Get("operationName")
	for name, to := range map[string]*map[string]any{"variables": &p.Variables, "extensions": &p.Extensions} {
		text := query.Get(name)
		if text == "" {
			continue
		}
		if err := decode(strings.NewReader(text), to); err != nil {
			return refuse(http.StatusBadRequest, "%s is not a JSON object: %s", name, err)
		}
	}
	if p.Query == "" {
		return refuse(http.StatusBadRequest, "the parameter query is missing")
	}
	return nil
}

func (h *handler) fromBody(p *graphql.RawParams, w http.ResponseWriter, r *http.Request) *refusal {
	media, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if charset := parameters["charset"]; err != nil || media != mediaJSON || (charset != "" && !strings.EqualFold(charset, "utf-8")) {
		return refuse(http.StatusUnsupportedMediaType, "content type %q: want %s", r.Header.Get("Content-Type"), mediaJSON)
	}
	err = decode(http.MaxBytesReader(w, r.Body, h.o.Body), p)
	if large, ok := errors.AsType[*http.MaxBytesError](err); ok {
		h.meter.Refuse("body")
		return refuse(http.StatusRequestEntityTooLarge, "the body has more than %d bytes, as many as api.graphql.body allows", large.Limit)
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Value == "array" && wrong.Field == "" {
		h.meter.Refuse("batch")
		return refuse(http.StatusBadRequest, "the body is a list: operations are not taken in batches; send one, or several fields in one operation")
	}
	if err != nil {
		return refuse(http.StatusBadRequest, "the body is not {\"query\": …, \"variables\": {…}}: %s", err)
	}
	if p.Query == "" {
		return refuse(http.StatusBadRequest, "query is missing")
	}
	return nil
}

// decode reads one JSON value, numbers as they stand, and nothing behind it.
func decode(r io.Reader, to any) error {
	d := json.NewDecoder(r)
	d.UseNumber()
	if err := d.Decode(to); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows its end")
	}
	return nil
}

// single answers a query or mutation. With application/graphql-response+json an operation that cannot run has status
// 400; with application/json, which old clients ask for, one that does not validate has 200.
func (h *handler) single(w http.ResponseWriter, r *http.Request) {
	media, ok := accepted(r)
	if !ok {
		h.answer(w, mediaJSON, http.StatusNotAcceptable, failure{gqlerror.List{
			gqlerror.Errorf("accept %q: want %s or %s", r.Header.Get("Accept"), mediaResponse, mediaJSON),
		}})
		return
	}
	if err := h.svc.Admit(r.Context()); err != nil {
		w.Header().Set("WWW-Authenticate", api.Challenge)
		h.answer(w, media, api.Wrap(err).HTTP(), failure{gqlerror.List{present(r.Context(), err)}})
		return
	}
	p, refused := h.params(w, r)
	if refused != nil {
		h.answer(w, media, refused.status, failure{gqlerror.List{refused.err}})
		return
	}
	op, errs := h.create(r.Context(), p)
	ctx := graphql.WithOperationContext(r.Context(), op)
	if errs != nil {
		status := http.StatusBadRequest
		if media == mediaJSON {
			status = http.StatusOK
		}
		h.answer(w, media, status, failure{h.exec.DispatchError(ctx, errs).Errors})
		return
	}
	switch {
	case op.Operation.Operation == ast.Subscription:
		refused = refuse(http.StatusBadRequest, "a subscription needs Accept: text/event-stream, or a WebSocket")
	case op.Operation.Operation == ast.Mutation && r.Method == http.MethodGet:
		w.Header().Set("Allow", "POST")
		refused = refuse(http.StatusMethodNotAllowed, "a mutation needs POST")
	}
	if refused != nil {
		h.answer(w, media, refused.status, failure{gqlerror.List{refused.err}})
		return
	}
	responses, ctx := h.exec.DispatchOperation(ctx, op)
	h.answer(w, media, http.StatusOK, responses(ctx))
}

// accepted chooses the answer's media type; none asked for is the old one.
func accepted(r *http.Request) (media string, ok bool) {
	accept := r.Header.Values("Accept")
	if len(accept) == 0 {
		return mediaJSON, true
	}
	for part := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		media, parameters, err := mime.ParseMediaType(part)
		if err != nil || (parameters["charset"] != "" && !strings.EqualFold(parameters["charset"], "utf-8")) {
			continue
		}
		switch media {
		case mediaJSON, "application/*", "*/*":
			return mediaJSON, true
		case mediaResponse:
			return mediaResponse, true
		}
	}
	return "", false
}

// pour writes an answer to a client that may be slow, or gone, which needs no answer.
func (h *handler) pour(w http.ResponseWriter, body []byte) {
	out := &eventStream{w: w, control: http.NewResponseController(w), stall: h.o.Stall, meter: h.meter}
	out.put(body)
}

func (h *handler) answer(w http.ResponseWriter, media string, status int, response any) {
	body, err := json.Marshal(response)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"errors":[{"message":"the answer cannot be written as JSON"}]}`)
	}
	w.Header().Set("Content-Type", media+"; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	h.pour(w, body)
}
