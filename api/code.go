package api

import "net/http"

// Code is the class of an [Error]. Its number is that of the gRPC status code. The zero Code is no error and never
// valid in one.
type Code uint32

// The codes in use.
const (
	Canceled           Code = 1
	InvalidArgument    Code = 3 // the request is wrong whatever the wheel's state
	DeadlineExceeded   Code = 4
	NotFound           Code = 5 // a name, key or id is unknown; detail "nearest"
	AlreadyExists      Code = 6
	PermissionDenied   Code = 7
	ResourceExhausted  Code = 8 // full, too large, or too slow; detail "resume" or "retry_after"
	FailedPrecondition Code = 9 // right, but not in this state
	Aborted            Code = 10
	OutOfRange         Code = 11 // the cursor's history is gone; detail "resume", "oldest", "latest"
	Unimplemented      Code = 12
	Internal           Code = 13
	Unavailable        Code = 14 // closing, or not ready; try again
	Unauthenticated    Code = 16
)

// codes is the one table of what a code is on each transport.
var codes = map[Code]struct {
	name    string // google.rpc.Code, in logs and JSON
	graphql string // extensions.code
	http    int
}{
	Canceled:           {"CANCELED", "CANCELED", 499},
	InvalidArgument:    {"INVALID_ARGUMENT", "BAD_USER_INPUT", http.StatusBadRequest},
	DeadlineExceeded:   {"DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED", http.StatusGatewayTimeout},
	NotFound:           {"NOT_FOUND", "NOT_FOUND", http.StatusNotFound},
	AlreadyExists:      {"ALREADY_EXISTS", "ALREADY_EXISTS", http.StatusConflict},
	PermissionDenied:   {"PERMISSION_DENIED", "FORBIDDEN", http.StatusForbidden},
	ResourceExhausted:  {"RESOURCE_EXHAUSTED", "RESOURCE_EXHAUSTED", http.StatusTooManyRequests},
	FailedPrecondition: {"FAILED_PRECONDITION", "FAILED_PRECONDITION", http.StatusConflict},
	Aborted:            {"ABORTED", "ABORTED", http.StatusConflict},
	OutOfRange:         {"OUT_OF_RANGE", "CURSOR_GONE", http.StatusGone},
	Unimplemented:      {"UNIMPLEMENTED", "UNIMPLEMENTED", http.StatusNotImplemented},
	Internal:           {"INTERNAL", "INTERNAL_SERVER_ERROR", http.StatusInternalServerError},
	Unavailable:        {"UNAVAILABLE", "UNAVAILABLE", http.StatusServiceUnavailable},
	Unauthenticated:    {"UNAUTHENTICATED", "UNAUTHENTICATED", http.StatusUnauthorized},
}

// known is c, or Internal when the table does not have it.
func (c Code) known() Code {
	if _, ok := codes[c]; ok {
		return c
	}
	return Internal
}

// String is the code's name, for example "NOT_FOUND".
func (c Code) String() string { return codes[c.known()].name }

// HTTP is the code's HTTP status.
func (c Code) HTTP() int { return codes[c.known()].http }

// GraphQL is the code's word in extensions.code.
func (c Code) GraphQL() string { return codes[c.known()].graphql }

// GRPC is the code's gRPC status code; Connect uses the same numbers.
func (c Code) GRPC() uint32 { return uint32(c.known()) }

// CodeOf gives the code with this gRPC number; Internal when there is none.
func CodeOf(grpc uint32) Code { return Code(grpc).known() }

// ParseCode gives the code with this name or GraphQL word; Internal when there is none.
func ParseCode(name string) Code {
	for c, row := range codes {
		if row.name == name || row.graphql == name {
			return c
		}
	}
	return Internal
}
