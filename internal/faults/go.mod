module github.com/peltonhq/pelton/internal/faults

go 1.26.0

replace github.com/peltonhq/pelton => ../..

require (
	github.com/hanwen/go-fuse/v2 v2.12.1
	github.com/peltonhq/pelton v0.0.0-00010101000000-000000000000
)

require (
	connectrpc.com/connect/v2 v2.0.2 // indirect
	github.com/agnivade/levenshtein v1.2.2 // indirect
	github.com/cenkalti/backoff/v5 v5.0.3 // indirect
	golang.org/x/net v0.61.0 // indirect
	golang.org/x/sys v0.49.0
	golang.org/x/text v0.43.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20261104224025-d1e00e9f33ab // indirect
	google.golang.org/grpc v1.85.0 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)
