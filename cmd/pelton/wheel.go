package main

import (
	"errors"
	"net"
	"net/netip"
	"strings"

	"github.com/peltonhq/pelton/api/client"
	"github.com/peltonhq/pelton/engine/config"
)

// connect is a client of the running wheel. It connects at the first call.
func (a *app) connect() (*client.Client, error) {
	addr, err := a.address()
	if err != nil {
		return nil, err
	}
	return a.access.Open(addr, a.getenv)
}

// address is where the wheel listens: --addr, then PELTON_ADDR, then the config's api.listen.
func (a *app) address() (string, error) {
	switch {
	case a.addr != "":
		return checked("--addr", a.addr)
	case a.getenv("PELTON_ADDR") != "":
		return checked("PELTON_ADDR", a.getenv("PELTON_ADDR"))
	}
	path := a.config
	if path == "" {
		path = defaultFile
	}
	c, err := config.Load(path, a.env)
	switch {
	case errors.Is(err, config.ErrNotFound) && a.config == "":
		return config.Default().API.Listen, nil
	case err != nil:
		return "", err
	}
	addr, err := reachable(path, c.API.Listen)
	if c.API.TLS != nil && err == nil {
		addr = "https://" + addr
	}
	return addr, err
}

// own is the config that names the address; false when it was named otherwise, or there is none.
func (a *app) own() (config.Config, bool) {
	if a.addr != "" || a.getenv("PELTON_ADDR") != "" {
		return config.Config{}, false
	}
	path := a.config
	if path == "" {
		path = defaultFile
	}
	c, err := config.Load(path, a.env)
	return c, err == nil
}

func checked(name, addr string) (string, error) {
	_, rest, found := strings.Cut(addr, "://")
	if !found {
		rest = addr
	}
	if _, _, err := net.SplitHostPort(strings.TrimSuffix(rest, "/")); err != nil || found && !strings.HasPrefix(addr, "http") {
		return "", usagef("%s %q: want HOST:PORT or https://HOST:PORT, for example %s", name, addr, config.Default().API.Listen)
	}
	return addr, nil
}

// reachable turns an address to listen on into one to call.
func reachable(path, listen string) (string, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil || port == "0" {
		return "", usagef("%s lets the wheel take a free port; give the one that `pelton run` printed by --addr", path)
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}
