package rpc_test

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/peltonhq/pelton/api/apitest"
	peltonv1 "github.com/peltonhq/pelton/api/gen/pelton/v1"
	"github.com/peltonhq/pelton/api/meter"
	"github.com/peltonhq/pelton/api/rpc"
	"github.com/peltonhq/pelton/store/memory"
)

func TestBackupGRPC(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, memory.New())
	w.Copy = bytes.Repeat([]byte("0123456789"), 100_000)
	stream, err := peltonv1.NewWheelServiceClient(dial(t, w, rpc.Options{})).Backup(t.Context(), &peltonv1.WheelServiceBackupRequest{})
	if err != nil {
		t.Fatal(err)
	}
	var got []byte
	var size int64
	for {
		var res *peltonv1.WheelServiceBackupResponse
		if res, err = stream.Recv(); err != nil {
			break
		}
		size += res.GetSize()
		got = append(got, res.GetChunk()...)
	}
	if !errors.Is(err, io.EOF) || size != int64(len(w.Copy)) || !bytes.Equal(got, w.Copy) {
		t.Errorf("%d bytes came, announced were %d, %v", len(got), size, err)
	}
}

// A client that takes nothing does not keep the copy, and with it the disk, for ever.
func TestBackupStall(t *testing.T) {
	t.Parallel()
	count := new(meter.Door)
	w := apitest.New(t, memory.New())
	w.Copy = make([]byte, 32<<20) // more than all buffers between here and there hold
	stream, err := peltonv1.NewWheelServiceClient(dial(t, w, rpc.Options{Stall: 300 * time.Millisecond, Meter: count})).Backup(t.Context(), &peltonv1.WheelServiceBackupRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for closed := 0; closed == 0; runtime.Gosched() { // takes nothing until the server gave up
		if err := stream.Context().Err(); err != nil {
			t.Fatal(err)
		}
		w.Mu.Lock()
		closed = w.Copied
		w.Mu.Unlock()
	}
	n := 0
	for {
		var res *peltonv1.WheelServiceBackupResponse
		if res, err = stream.Recv(); err != nil {
			break
		}
		n += len(res.GetChunk())
	}
	if status.Code(err) != codes.ResourceExhausted || n == len(w.Copy) {
		t.Errorf("%d bytes came, then %v", n, err)
	}
	if n := count.Figures().Refused["stall"]; n != 1 {
		t.Errorf("%d clients that took nothing are counted: %v", n, err)
	}
}
