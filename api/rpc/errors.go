package rpc

import (
	"context"
	"errors"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connectproto"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/wire"
)

// grpcError is err as a gRPC status with its detail. A status of the library itself stays as it is.
func grpcError(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*api.Error](err); !ok {
		if _, ok := status.FromError(err); ok {
			return err
		}
	}
	e := api.Wrap(err)
	st := status.New(codes.Code(e.Code.GRPC()), e.Message)
	if info := wire.Detail(e); info != nil {
		if detailed, err := st.WithDetails(info); err == nil {
			st = detailed
		}
	}
	return st.Err()
}

func unaryErrors(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	res, err := next(ctx, req)
	return res, grpcError(err)
}

func streamErrors(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	return grpcError(next(srv, stream))
}

// connectError is err as a Connect error with its detail. An error of the library itself stays as it is.
func connectError(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*api.Error](err); !ok {
		if _, ok := errors.AsType[*connect.Error](err); ok {
			return err
		}
	}
	e := api.Wrap(err)
	out := connect.NewError(connect.Code(e.Code.GRPC()), e.Message)
	if info := wire.Detail(e); info != nil {
		if detail, err := connectproto.NewErrorDetail(info); err == nil {
			out = out.WithDetail(detail)
		}
	}
	return out
}

func connectErrors(next connect.ServerFunc) connect.ServerFunc {
	return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
		return connectError(next(ctx, spec, stream))
	}
}
