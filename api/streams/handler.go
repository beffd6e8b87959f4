package streams

import (
	"net/http"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/meter"
)

// Options of the handler. The zero value is ready to use.
type Options struct {
	Stall     time.Duration // how long a client may take nothing; default 30 s
	Messages  int           // of one append; default 100,000
	Meter     *meter.Door   // counts what was turned away or cut off; nil: nobody does
	KeepAlive time.Duration // between comments on an idle event stream; default 15 s
	Poll      time.Duration // how long a long poll waits; default 20 s
	Life      time.Duration // of an event stream; default 60 s
}

func (o Options) complete() Options {
	for _, d := range []struct {
		of        *time.Duration
		otherwise time.Duration
	}{{&o.Stall, 30 * time.Second}, {&o.KeepAlive, 15 * time.Second}, {&o.Poll, 20 * time.Second}, {&o.Life, time.Minute}} {
		if *d.of <= 0 {
			*d.of = d.otherwise
		}
	}
	if o.Messages <= 0 {
		o.Messages = 100_000
	}
	if o.Meter == nil {
		o.Meter = new(meter.Door)
	}
	return o
}

// Mount adds the streams to the mux.
func Mount(mux interface {
	HandleFunc(pattern string, h func(http.ResponseWriter, *http.Request))
}, svc *api.Service, o Options) {
	h := handler{svc: svc, o: o.complete()}
	mux.HandleFunc("/v1/stream/{name}/{key...}", h.serve)
}

type handler struct {
	svc *api.Service
	o   Options
}

// Headers of the protocol.
const (
	headerNext     = "Stream-Next-Offset"
	headerCurrent  = "Stream-Up-To-Date"
	headerClosed   = "Stream-Closed"
	headerCursor   = "Stream-Cursor"
	headerSeq      = "Stream-Seq"
	headerTTL      = "Stream-Ttl"
	headerExpires  = "Stream-Expires-At"
	headerEncoding = "Stream-Sse-Data-Encoding"
	headerForked   = "Stream-Forked-From"
	headerProducer = "Producer-Id"
	headerEpoch    = "Producer-Epoch"
	headerPSeq     = "Producer-Seq"
	headerExpected = "Producer-Expected-Seq"
	headerReceived = "Producer-Received-Seq"
)

// What a page of another origin may send and read, where the origin is allowed at all.
const (
	methods = "GET, HEAD, PUT, POST, DELETE, OPTIONS"
	// Sent are the headers of its requests.
	Sent = "Authorization, Content-Type, If-None-Match, Stream-Seq, Stream-TTL, Stream-Expires-At, Stream-Closed, Producer-Id, Producer-Epoch, Producer-Seq"
	read = "ETag, Location, Stream-Next-Offset, Stream-Up-To-Date, Stream-Closed, Stream-Cursor, Stream-TTL, Stream-Expires-At, Stream-SSE-Data-Encoding, Producer-Epoch, Producer-Seq, Producer-Expected-Seq, Producer-Received-Seq"
)

// request is one request to one stream.
type request struct {
	*http.Request
	w         http.ResponseWriter
	name, key string
}

func (h handler) serve(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Access-Control-Expose-Headers", read)
	rq := request{Request: r, w: w, name: r.PathValue("name"), key: r.PathValue("key")}
	if err := h.answer(rq); err != nil {
		h.fail(rq, api.Wrap(err))
	}
}

func (h handler) answer(rq request) error {
	switch rq.Method {
	case http.MethodGet:
		return h.get(rq)
	case http.MethodHead:
		return h.head(rq)
	case http.MethodPut, http.MethodPost, http.MethodDelete:
	case http.MethodOptions:
		rq.w.Header().Set("Access-Control-Allow-Methods", methods)
		rq.w.Header().Set("Access-Control-Allow-Headers", Sent)
		rq.w.Header().Set("Allow", methods)
		rq.w.WriteHeader(http.StatusNoContent)
		return nil
	default:
		return api.Errorf(api.Unimplemented, "%s: a stream knows %s", rq.Method, methods).With(api.DetailReason, api.ReasonReadOnly)
	}
	if rq.Method == http.MethodDelete {
		return h.delete(rq)
	}
	if err := h.svc.AdmitStream(rq.Context(), rq.name, rq.key); err != nil {
		return err
	}
	if rq.Method == http.MethodPut {
		return h.put(rq)
	}
	return h.post(rq)
}

func (h handler) delete(rq request) error {
	if err := h.svc.Admit(rq.Context()); err != nil {
		return err
	}
	if err := h.svc.StreamWritable(rq.name); err != nil {
		return err
	}
	if err := h.svc.Delete(rq.Context(), rq.name, rq.key); err != nil {
		return err
	}
	rq.w.WriteHeader(http.StatusNoContent)
	return nil
}

// fail answers with the protocol's status of an error.
func (h handler) fail(rq request, e *api.Error) {
	header := rq.w.Header()
	status := e.HTTP()
	switch e.Detail[api.DetailReason] {
	case api.ReasonReadOnly:
		status = http.StatusMethodNotAllowed
		header.Set("Allow", "GET, HEAD, OPTIONS")
	case api.ReasonClosed:
		header.Set(headerClosed, "true")
		if end, err := h.svc.StreamEnd(rq.Context(), rq.name, rq.key); err == nil {
			header.Set(headerNext, offsetOf(end))
		}
	case api.ReasonFenced:
		header.Set(headerEpoch, e.Detail[api.DetailEpoch])
	case api.ReasonOutOfTurn:
		header.Set(headerExpected, e.Detail[api.DetailExpected])
		header.Set(headerReceived, e.Detail[api.DetailReceived])
	}
	if resume, ok := e.Detail[api.DetailResume]; ok && e.Code == api.OutOfRange {
		e = e.With(api.DetailResume, offsetText(resume))
		header.Set(headerNext, offsetText(resume))
	}
	api.WriteErrorStatus(rq.w, status, e)
}
