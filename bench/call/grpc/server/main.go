// Command server is the benchmark's plugin for hashicorp/go-plugin: a process of its own.
package main

import (
	"io"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"

	"github.com/peltonhq/pelton/bench/call/grpc"
)

func main() {
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: grpc.Handshake, GRPCServer: plugin.DefaultGRPCServer,
		Plugins: plugin.PluginSet{"bench": grpc.Plugin{}},
		Logger:  hclog.New(&hclog.LoggerOptions{Output: io.Discard}),
	})
}
