package nats

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/peltonhq/pelton/internal/natsconn"
	"github.com/peltonhq/pelton/internal/natstest"
	"github.com/peltonhq/pelton/source"
)

func TestOpenErrors(t *testing.T) {
	s, o := orders(t, jetstream.StreamConfig{}, "one")
	if _, err := s.JetStream(t).CreateConsumer(t.Context(), "ORDERS", jetstream.ConsumerConfig{Durable: "theirs"}); err != nil {
		t.Fatal(err)
	}
	plain := natstest.Start(t, func(o *server.Options) { o.JetStream = false })
	closed := natstest.Start(t)
	closed.Stop()
	for name, row := range map[string]struct {
		change func(*Options)
		want   string
		away   bool
	}{
		"no server":    {func(o *Options) { o.Conn.URL = closed.URL() }, "nats.url " + closed.URL() + ": not reachable", true},
		"no JetStream": {func(o *Options) { o.Conn.URL = plain.URL() }, "has no JetStream for us", false},
		"no stream":    {func(o *Options) { o.Stream = "ODERS" }, "nats.stream ODERS does not exist on", false},
		"taken":        {func(o *Options) { o.Durable = "theirs" }, "nats.durable theirs: stream ORDERS has a consumer of that name which Pelton did not make", false},
		"small pulls":  {func(o *Options) { o.MaxBytes = 1 << 20 }, "nats.max_bytes 1048576: a message of stream ORDERS may have 1048576 bytes", false},
		"no file":      {func(o *Options) { o.Conn.Auth.TokenFile = "nowhere" }, "nats.auth.token_file nowhere: bad settings: it can't be read", false},
		"no url":       {func(o *Options) { o.Conn.URL = "" }, "nats.url is empty", false},
	} {
		o := o
		row.change(&o)
		opened := New(o)
		_, err := opened.Open(t.Context())
		if err == nil || !strings.Contains(err.Error(), row.want) || errors.Is(err, source.ErrUnavailable) != row.away {
			t.Errorf("%s: got %v, want %s", name, err, row.want)
		}
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	}
}

// An old server that can't reset consumers, and a stream that drops what no consumer wants: that would lose messages.
func TestInterestNeedsReset(t *testing.T) {
	_, o := orders(t, jetstream.StreamConfig{Retention: jetstream.InterestPolicy})
	o.noReset = true
	s := New(o)
	defer s.Close()
	lanes, err := s.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := lanes[0].Read(t.Context(), 0, idle(t, lanes[0])); err == nil || !strings.Contains(err.Error(), "nats-server 2.14 or later") {
		t.Errorf("got %v", err)
	}
}

// Secrets come from files, and no error has one in it.
func TestAuth(t *testing.T) {
	const secret = "open sesame"
	file := func(text string) string {
		path := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	user := natstest.Start(t, func(o *server.Options) { o.Username, o.Password = "us", secret })
	token := natstest.Start(t, func(o *server.Options) { o.Authorization = secret })
	for name, row := range map[string]struct {
		url  string
		auth natsconn.Auth
		want string
	}{
		"password":       {user.URL(), natsconn.Auth{User: "us", PasswordFile: file(secret + "\n")}, "nats.stream ORDERS does not exist"},
		"wrong password": {user.URL(), natsconn.Auth{User: "us", PasswordFile: file("hush")}, "the server refuses who we are"},
		"nobody":         {user.URL(), natsconn.Auth{}, "the server refuses who we are"},
		"token":          {token.URL(), natsconn.Auth{TokenFile: file(secret)}, "nats.stream ORDERS does not exist"},
		"wrong token":    {token.URL(), natsconn.Auth{TokenFile: file("hush")}, "the server refuses who we are"},
		"empty":          {token.URL(), natsconn.Auth{TokenFile: file("\n")}, "it is empty"},
		"no seed":        {token.URL(), natsconn.Auth{NKeyFile: file("hush")}, "no seed of a user is in it"},
	} {
		s := New(Options{Name: "orders", Conn: natsconn.Options{URL: row.url, Auth: row.auth}, Stream: "ORDERS", Durable: "pelton"})
		_, err := s.Open(t.Context())
		if err == nil || !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), "hush") || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: got %v, want %s", name, err, row.want)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
