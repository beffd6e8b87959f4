// Package knqyf is the contract of the peer knqyf263/go-plugin in workload W3: a host and a guest generated from bench.proto.
// The guest is in knqyf/guest; its name is the peer's owner's.
//
// # How
//
//	go install github.com/knqyf263/go-plugin/cmd/protoc-gen-go-plugin@v0.9.0
//	protoc --go-plugin_out=. --go-plugin_opt=paths=source_relative bench.proto
package knqyf
