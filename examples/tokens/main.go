// Command tokens is an app in front of a wheel: it answers questions a token at a time, as a language model would, into
// streams of the session "answers", and serves a page that reads along.
//
//	POST /ask               the question → {"stream": "/v1/stream/answers/ID"}; the answer grows there
//	GET  /v1/stream/…       passed on to the wheel
//	GET  /                  the page
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

//go:embed index.html
var page []byte

//go:embed follow.js
var script []byte

// app answers questions.
type app struct {
	wheel *url.URL
	pace  time.Duration // between two tokens
}

func main() {
	listen := flag.String("listen", "127.0.0.1:8080", "where the page is")
	wheel := flag.String("wheel", "http://127.0.0.1:7070", "where the wheel is")
	pace := flag.Duration("pace", 50*time.Millisecond, "time between two tokens")
	flag.Parse()
	at, err := url.Parse(*wheel)
	if err != nil {
		log.Fatal(err)
	}
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	_, _ = fmt.Fprintf(os.Stdout, "http://%s\n", l.Addr())
	a := &app{wheel: at, pace: *pace}
	server := &http.Server{Handler: a.handler(), ReadHeaderTimeout: 10 * time.Second}
	log.Fatal(server.Serve(l))
}

func (a *app) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /ask", a.ask)
	// Only reads are passed on: who may write what is the app's business.
	mux.Handle("GET /v1/stream/answers/", &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(a.wheel) },
	})
	mux.HandleFunc("GET /{$}", file("text/html; charset=utf-8", page))
	mux.HandleFunc("GET /follow.js", file("text/javascript; charset=utf-8", script))
	return mux
}

func file(contentType string, body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write(body)
	}
}

// ask begins an answer and says where it grows.
func (a *app) ask(w http.ResponseWriter, r *http.Request) {
	question, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	out := &answer{url: a.wheel.JoinPath("/v1/stream/answers", rand.Text()).String()}
	if err := out.send(r.Context(), http.MethodPut, "", nil); err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	go a.think(context.WithoutCancel(r.Context()), out, string(question))
	at, _ := url.Parse(out.url)
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"stream": %q}`, at.Path)
}

// think is where a model would be asked.
func (a *app) think(ctx context.Context, out *answer, question string) {
	for token := range strings.SplitAfterSeq("You asked: "+question, " ") {
		time.Sleep(a.pace)
		out.append(ctx, token, false)
	}
	out.append(ctx, "", true)
}

// answer is one stream that this app writes.
type answer struct {
	url string
	seq int
}

// append adds a token, or closes the answer, until the wheel has it. Each request has a number, so that one whose answer
// was lost, with the wheel perhaps, is sent again and taken once.
func (s *answer) append(ctx context.Context, token string, last bool) {
	head := map[string]string{"Producer-Id": "app", "Producer-Epoch": "0", "Producer-Seq": strconv.Itoa(s.seq)}
	if last {
		head["Stream-Closed"] = "true"
	}
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		err := s.send(ctx, http.MethodPost, token, head)
		if err == nil {
			s.seq++
			return
		}
		log.Printf("%v; again in %s", err, wait)
		time.Sleep(wait)
	}
}

func (s *answer) send(ctx context.Context, method, body string, head map[string]string) error {
	r, err := http.NewRequestWithContext(ctx, method, s.url, bytes.NewReader([]byte(body)))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "text/plain; charset=utf-8")
	for name, value := range head {
		r.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode >= 300 {
		err = errors.New(res.Status + " " + string(text))
	}
	return err
}
