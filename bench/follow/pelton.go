package follow

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/rpc"
	"github.com/peltonhq/pelton/api/web"
	"github.com/peltonhq/pelton/session"
	"github.com/peltonhq/pelton/store"
	"github.com/peltonhq/pelton/store/local"
	"github.com/peltonhq/pelton/store/memory"
)

// The session that is followed.
const (
	sessionName = "feed"
	sessionKey  = "k"
)

// names is the one session name.
type names struct{ s api.Session }

func (n names) Names() []string                  { return []string{sessionName} }
func (n names) Open(string) (api.Session, error) { return n.s, nil }
func (n names) Writable(string) bool             { return false }

// wheel is a session with the servers of its API.
type wheel struct {
	store    store.Store
	dir      string // of the store; empty: in memory
	sessions *session.Sessions
	svc      *api.Service
	http     *http.Server
	grpc     *rpc.Server
	ended    chan error
	made     uint64
	refused  atomic.Pointer[error]
}

// way is the listener whose address the followers get.
type way uint8

const (
	byHTTP way = iota
	byHTTPS
	byGRPC
)

// over is a wheel in memory.
func over(by way) func(context.Context) (server, string, error) {
	return func(ctx context.Context) (server, string, error) { return openWheel(ctx, "", by) }
}

// onDisk is a wheel that shows a snapshot when it is on the disk.
func onDisk(ctx context.Context) (server, string, error) {
	dir, err := os.MkdirTemp("", "pelton-follow-")
	if err != nil {
		return nil, "", err
	}
	return openWheel(ctx, dir, byHTTP)
}

func openWheel(ctx context.Context, dir string, by way) (_ server, address string, err error) {
	w := &wheel{dir: dir, ended: make(chan error, 2)}
	if dir == "" {
		w.store = memory.New()
	} else if w.store, err = local.Open(local.Options{Dir: dir}); err != nil {
		return nil, "", err
	}
	w.sessions, err = session.Open(ctx, session.Options{Name: sessionName, Store: w.store, Retain: session.Retain{Snapshots: 1000}})
	if err != nil {
		return nil, "", err
	}
	w.svc = api.New(api.Backend{Sessions: names{w.sessions}})
	w.http = web.NewServer(web.NewHandler(w.svc, web.Options{}), web.Options{})
	w.grpc = rpc.NewGRPC(w.svc, rpc.Options{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	serve := w.grpc.Serve
	if by != byGRPC {
		if serve, err = serving(w.http, by == byHTTPS); err != nil {
			return nil, "", err
		}
	}
	go func() { w.ended <- serve(l) }()
	return w, l.Addr().String(), nil
}

// publish offers an effect, as a lane's loop does.
func (w *wheel) publish(message []byte) error {
	if err := w.refused.Load(); err != nil {
		return *err
	}
	id := pelton.MessageID{Lane: pelton.LaneID{Source: "bench", Incarnation: "1", Lane: "lane"}, Position: w.made, Path: "plugin#0"}
	taken := w.sessions.Offer([]pelton.Effect{{
		ID:  id.To(pelton.Target{Kind: pelton.TargetSession, Name: sessionName}),
		Key: []byte(sessionKey), Payload: message, Time: time.Now(), Mark: store.Key(store.SpaceMark, sessionName, w.made),
	}}, w)
	if w.made++; taken == 0 {
		return errors.New("the session has no room")
	}
	return nil
}

// Complete implements [pelton.Completer].
func (w *wheel) Complete(_ uint64, err error) {
	if err != nil {
		w.refused.Store(&err)
	}
}

// Room implements [pelton.Completer].
func (w *wheel) Room() {}

func (w *wheel) close() error {
	w.svc.Close()
	w.grpc.Stop()
	errs := []error{w.http.Close(), w.sessions.Close(context.Background()), w.store.Close()}
	if w.dir != "" {
		errs = append(errs, os.RemoveAll(w.dir))
	}
	select {
	case err := <-w.ended:
		if !errors.Is(err, http.ErrServerClosed) {
			errs = append(errs, err)
		}
	default:
	}
	return errors.Join(errs...)
}
