package rpc_test

import (
	"errors"
	"io"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/apitest"
	peltonv1 "github.com/peltonhq/pelton/api/gen/pelton/v1"
	"github.com/peltonhq/pelton/api/rpc"
	"github.com/peltonhq/pelton/internal/tap"
	"github.com/peltonhq/pelton/store/memory"
)

func TestTapGRPC(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, memory.New())
	w.Graph = api.Topology{Nodes: []api.Node{{Kind: "source", Name: "flights"}}}
	c := peltonv1.NewWheelServiceClient(dial(t, w, rpc.Options{}))
	stream, err := c.Tap(t.Context(), &peltonv1.WheelServiceTapRequest{Node: "flights", Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	if head, err := stream.Recv(); err != nil || head.GetNode() != "source/flights" || len(head.GetSamples()) > 0 {
		t.Fatalf("%v, %v", head, err)
	}
	w.Hub.At(tap.Source, "flights", func(t *tap.Tap) { t.Put(tap.Sample{ID: "x", Size: 3}) })
	if f, err := stream.Recv(); err != nil || len(f.GetSamples()) != 1 || f.GetSamples()[0].GetId() != "x" || f.GetCounts().GetTaken() != 1 {
		t.Errorf("%v, %v", f, err)
	}
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("after the limit: %v", err)
	}
	stream, err = c.Tap(t.Context(), &peltonv1.WheelServiceTapRequest{Node: "flights"})
	if err == nil {
		_, err = stream.Recv()
	}
	if err != nil {
		t.Fatal(err)
	}
	w.Service.Close()
	if _, err := stream.Recv(); status.Code(err) != codes.Unavailable {
		t.Errorf("at the end of the wheel: %v", err)
	}
}
