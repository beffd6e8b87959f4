package rpc_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/apitest"
	"github.com/peltonhq/pelton/api/client"
	peltonv1 "github.com/peltonhq/pelton/api/gen/pelton/v1"
	"github.com/peltonhq/pelton/api/rpc"
	"github.com/peltonhq/pelton/store/memory"
)

func TestHealthAndReflection(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, memory.New())
	c := dial(t, w, rpc.Options{})
	res, err := healthv1.NewHealthClient(c).Check(t.Context(), &healthv1.HealthCheckRequest{})
	if err != nil || res.GetStatus() != healthv1.HealthCheckResponse_SERVING {
		t.Errorf("health is %v, %v", res, err)
	}
	stream, err := reflectionv1.NewServerReflectionClient(c).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&reflectionv1.ServerReflectionRequest{MessageRequest: &reflectionv1.ServerReflectionRequest_ListServices{}}); err != nil {
		t.Fatal(err)
	}
	list, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range list.GetListServicesResponse().GetService() {
		names = append(names, s.GetName())
	}
	for _, want := range []string{"Session", "Plugin", "Delivery", "DeadLetter", "Parked", "Wheel", "Ingest"} {
		if !strings.Contains(strings.Join(names, " "), "pelton.v1."+want+"Service") {
			t.Errorf("reflection lists %v, without %sService", names, want)
		}
	}
}

// fill appends so much to a session that no buffer between here and a client holds it.
func fill(t *testing.T, w *apitest.World) uint64 {
	t.Helper()
	payload := []byte(`"` + strings.Repeat("x", 256<<10) + `"`)
	var last uint64
	for range 80 {
		snap, err := w.Service.Append(t.Context(), api.AppendRequest{Name: "airports", Key: "ORD", Payload: payload})
		if err != nil {
			t.Fatal(err)
		}
		last = snap.ID
	}
	return last
}

// A gRPC follower that takes nothing is ended: it still reads what was sent, then the status with its cursor, and
// resuming there gives the rest.
func TestStallGRPC(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, memory.New())
	newest := fill(t, w)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	givenUp(ctx, t, w, begin(ctx, t, w, impatient), newest)
}

// So is one that was given what came while it waited, in the course of what all at the same place are given; they go on.
func TestStallLive(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, memory.New())
	w.Add(t, "airports", "ORD", 1) // born
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	stuck := begin(ctx, t, w, impatient)
	lively, leave := context.WithCancel(ctx)
	other := begin(lively, t, w, time.Minute)
	const newest = 2000
	payload := []byte(`"` + strings.Repeat("x", 500) + `"`)
	for last := uint64(0); last < newest; {
		frame, err := other.Recv()
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range frame.GetSnapshots() {
			last = s.GetId()
		}
		if last == newest {
			break
		}
		if _, err := w.Service.Append(ctx, api.AppendRequest{Name: "airports", Key: "ORD", Payload: payload}); err != nil {
			t.Fatal(err)
		}
	}
	leave()
	givenUp(ctx, t, w, stuck, newest)
}

type followed = grpc.ServerStreamingClient[peltonv1.SessionServiceFollowResponse]

// impatient is a short stall time.
const impatient = 300 * time.Millisecond

// begin follows from the beginning, up to hello, with a client that takes little ahead.
func begin(ctx context.Context, t *testing.T, w *apitest.World, stall time.Duration) followed {
	t.Helper()
	conn := dial(t, w, rpc.Options{Stall: stall}, grpc.WithStaticStreamWindowSize(64<<10))
	stream, err := peltonv1.NewSessionServiceClient(conn).Follow(ctx, &peltonv1.SessionServiceFollowRequest{
		Name: "airports", Key: "ORD", From: peltonv1.From_FROM_BEGINNING,
	})
	if err != nil {
		t.Fatal(err)
	}
	if hello, err := stream.Recv(); err != nil || hello.GetHello() == nil {
		t.Fatalf("first frame %v, %v; want hello", hello, err)
	}
	return stream
}

// givenUp reads a follow that took nothing until the server gave it up, and then the rest with another one.
func givenUp(ctx context.Context, t *testing.T, w *apitest.World, stream followed, newest uint64) {
	t.Helper()
	s, err := w.Open("airports")
	if err != nil {
		t.Fatal(err)
	}
	for s.Stats().Followers > 0 {
		if err := ctx.Err(); err != nil {
			t.Fatal(err)
		}
		runtime.Gosched()
	}
	var next, stuck uint64 = 1, 1 // stuck: the first of the newest frame
	for {
		var frame *peltonv1.SessionServiceFollowResponse
		if frame, err = stream.Recv(); err != nil {
			break
		}
		stuck = next
		for _, s := range frame.GetSnapshots() {
			if s.GetId() != next {
				t.Fatalf("id %d came, want %d (S1)", s.GetId(), next)
			}
			next++
		}
	}
	e := grpcError(err)
	if status.Code(err) != codes.ResourceExhausted || e.Detail[api.DetailReason] != "slow" {
		t.Fatalf("the follow ended with %v, detail %v, behind %d of %d", err, e.Detail, next-1, newest)
	}
	if next > newest {
		t.Fatalf("all %d were taken: nothing was stuck", newest)
	}
	c := serveHTTP(t, w, rpc.Options{})
	for event, err := range c.Follow(ctx, api.FollowRequest{Name: "airports", Key: "ORD", After: e.Detail[api.DetailResume]}, client.FollowOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		if event.Snapshot.ID < next && event.Snapshot.ID >= stuck {
			continue // what was stuck may still have gone out, when the client read on before the server's last word
		}
		if event.Snapshot.ID != next {
			t.Fatalf("resumed with id %d, want %d (S1)", event.Snapshot.ID, next)
		}
		if next++; next > newest {
			break
		}
	}
}

func TestPublishStream(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, memory.New())
	ingest := peltonv1.NewIngestServiceClient(dial(t, w, rpc.Options{}))
	send := func(requests ...*peltonv1.IngestServicePublishStreamRequest) (*peltonv1.IngestServicePublishStreamResponse, error) {
		stream, err := ingest.PublishStream(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range requests {
			if err := stream.Send(r); err != nil && !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
		}
		return stream.CloseAndRecv()
	}
	message := func(text string) []*peltonv1.IngestMessage { return []*peltonv1.IngestMessage{{Payload: []byte(text)}} }
	res, err := send(
		&peltonv1.IngestServicePublishStreamRequest{Source: "orders", Messages: message("1")},
		&peltonv1.IngestServicePublishStreamRequest{Messages: message("2")},
	)
	if err != nil || res.GetCount() != 2 || len(w.Published) != 2 {
		t.Errorf("%v, %v, %d published", res, err, len(w.Published))
	}
	_, err = send(
		&peltonv1.IngestServicePublishStreamRequest{Source: "orders", Messages: message("3")},
		&peltonv1.IngestServicePublishStreamRequest{Messages: message(strings.Repeat("x", apitest.MessageMost+1))},
	)
	if status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), "after 1 durable") {
		t.Errorf("error %v", err)
	}
}

// The trace of a call goes along with its messages, unless they have one of their own.
func TestPublishTrace(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, memory.New())
	own := &peltonv1.IngestMessage{Headers: []*peltonv1.Header{{Name: "Traceparent", Value: "own"}}}
	ctx := metadata.AppendToOutgoingContext(t.Context(), "traceparent", "call")
	_, err := peltonv1.NewIngestServiceClient(dial(t, w, rpc.Options{})).Publish(ctx, &peltonv1.IngestServicePublishRequest{
		Source: "orders", Messages: []*peltonv1.IngestMessage{{}, own},
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	rpc.Mount(mux, w.Service, rpc.Options{})
	request := httptest.NewRequest(http.MethodPost, "/pelton.v1.IngestService/Publish", strings.NewReader(`{"source":"orders","messages":[{"payload":"eA=="}]}`))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Traceparent", "call")
	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, request)
	if answer.Code != http.StatusOK || len(w.Published) != 3 {
		t.Fatalf("%d %s, %d messages", answer.Code, answer.Body, len(w.Published))
	}
	for i, want := range []string{"call", "own", "call"} {
		if h := w.Published[i].Headers; len(h) != 1 || h[0].Value != want {
			t.Errorf("message %d has headers %v, want %s", i, h, want)
		}
	}
}
