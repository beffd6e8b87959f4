package wire

import (
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"

	"github.com/peltonhq/pelton/api"
)

// domain is the ErrorInfo domain of this API.
const domain = "pelton"

// Detail is e's detail as a google.rpc.ErrorInfo; nil when it has none.
func Detail(e *api.Error) *errdetails.ErrorInfo {
	if len(e.Detail) == 0 {
		return nil
	}
	return &errdetails.ErrorInfo{Reason: e.Code.GraphQL(), Domain: domain, Metadata: e.Detail}
}

// ErrorOf builds an error from what a transport gave: the gRPC code, the message and the details.
func ErrorOf(code uint32, message string, details []proto.Message) *api.Error {
	e := &api.Error{Code: api.CodeOf(code), Message: message}
	for _, d := range details {
		if info, ok := d.(*errdetails.ErrorInfo); ok && info.GetDomain() == domain {
			e.Detail = info.GetMetadata()
		}
	}
	return e
}
