// Command conformance is the server that the RPC conformance suite tests: the suite's own service, on the servers that a
// wheel has, built by the same constructors with the same options. With -grpc it is the server of the gRPC listener,
// else that of the HTTP listener.
//
// It speaks the suite's protocol: one message from standard input says how to serve, one to standard output where, and it
// serves until it is killed. .ci/steps/63-conformance.sh generates the service's code beside it and runs the suite.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/proto"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/rpc"
	"github.com/peltonhq/pelton/api/web"

	suite "pelton.test/conformance/gen/connectrpc/conformance/v1"
	"pelton.test/conformance/gen/connectrpc/conformance/v1/conformancev1connect"
)

func main() {
	overGRPC := flag.Bool("grpc", false, "serve as the gRPC listener does")
	flag.Parse()
	if err := run(*overGRPC); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

func run(overGRPC bool) error {
	var request suite.ServerCompatRequest
	if err := read(os.Stdin, &request); err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	secret, err := secretOf(&request)
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	svc, o := api.New(api.Backend{}), rpc.Options{Receive: int(request.GetMessageReceiveLimit())}
	if overGRPC {
		go func() { failed <- grpcServer(svc, o, secret).Serve(listener) }()
	} else {
		server := httpServer(svc, o.Receive)
		go func() {
			if secret == nil {
				failed <- server.Serve(listener)
				return
			}
			server.TLSConfig = secret
			failed <- server.ServeTLS(listener, "", "")
		}()
	}
	at := listener.Addr().(*net.TCPAddr)
	answer := &suite.ServerCompatResponse{Host: "127.0.0.1", Port: uint32(at.Port), PemCert: request.GetServerCreds().GetCert()}
	if err := write(os.Stdout, answer); err != nil {
		return err
	}
	return <-failed // the suite kills it
}

func grpcServer(svc *api.Service, o rpc.Options, secret *tls.Config) *rpc.Server {
	o.TLS = secret
	server := rpc.NewGRPC(svc, o)
	suite.RegisterConformanceServiceServer(server, overGRPC{})
	return server
}

func httpServer(svc *api.Service, receive int) *http.Server {
	o := web.Options{Receive: receive, Services: func(s *connect.Server) {
		conformancev1connect.RegisterConformanceServiceHandler(s, overConnect{})
	}}
	return web.NewServer(web.NewHandler(svc, o), o)
}

// secretOf is the TLS that the suite asks for, nil for none.
func secretOf(r *suite.ServerCompatRequest) (*tls.Config, error) {
	if !r.GetUseTls() {
		return nil, nil
	}
	pair, err := tls.X509KeyPair(r.GetServerCreds().GetCert(), r.GetServerCreds().GetKey())
	if err != nil {
		return nil, err
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	if ca := r.GetClientTlsCert(); len(ca) > 0 {
		config.ClientCAs, config.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
		if !config.ClientCAs.AppendCertsFromPEM(ca) {
			return nil, errors.New("the client's certificate is none")
		}
	}
	return config, nil
}

// read takes one message behind its length.
func read(r io.Reader, m proto.Message) error {
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return err
	}
	body := make([]byte, binary.BigEndian.Uint32(size[:]))
	if _, err := io.ReadFull(r, body); err != nil {
		return err
	}
	return proto.Unmarshal(body, m)
}

func write(w io.Writer, m proto.Message) error {
	body, err := proto.Marshal(m)
	if err != nil {
		return err
	}
	_, err = w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...))
	return err
}
