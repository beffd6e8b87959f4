package feed

import (
	"bufio"
	"context"

	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/internal/faults/record"
)

// nats publishes to a stream of a server that runs as a child. A message counts when the stream has it. Every time a
// wheel is fed the server is killed with -9 too and started again, before the first message.
type nats struct {
	ledger *record.Ledger
	dir    string
	path   string // of the server's program
	port   int
	server *exec.Cmd
	conn   *natsgo.Conn
	js     jetstream.JetStream

	mu  sync.Mutex
	end uint64 // behind the stream's last message
}

const (
	stream  = "IN"
	subject = "in"
)

func (n *nats) Start(dir string, l *record.Ledger, via Way) (config string, err error) {
	n.ledger, n.dir, n.port = l, dir, -1
	// The server is a tool of this module: the go command builds it and says where.
	path, err := exec.Command("go", "tool", "-n", "nats-server").Output()
	if err != nil {
		return "", fmt.Errorf("build nats-server: %w", err)
	}
	n.path = strings.TrimSpace(string(path))
	if err := n.run(); err != nil {
		return "", err
	}
	addr := fmt.Sprintf("127.0.0.1:%d", n.port)
	url := "nats://" + addr
	if n.conn, err = natsgo.Connect(url, natsgo.MaxReconnects(-1), natsgo.ReconnectWait(20*time.Millisecond)); err != nil {
		return "", err
	}
	if n.js, err = jetstream.New(n.conn, jetstream.WithPublishAsyncTimeout(5*time.Second)); err != nil {
		return "", err
	}
	if _, err = n.js.CreateStream(context.Background(), jetstream.StreamConfig{Name: stream, Subjects: []string{subject}}); err != nil {
		return "", err
	}
	addr, err = via.to(addr)
	return fmt.Sprintf("nats: {url: %q, stream: %s, durable: wheel}", "nats://"+addr, stream), err
}

// run starts the server, at the port that it had, and waits until it is ready.
func (n *nats) run() error {
	n.server = exec.Command(n.path, "-js", "-a", "127.0.0.1", "-p", strconv.Itoa(n.port), "-sd", filepath.Join(n.dir, "nats"))
	n.server.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := n.server.StderrPipe()
	if err != nil {
		return err
	}
	if err := n.server.Start(); err != nil {
		return err
	}
	said := ""
	for lines := bufio.NewScanner(out); lines.Scan(); {
		line := lines.Text()
		said += line + "\n"
		if _, port, ok := strings.Cut(line, "Listening for client connections on 127.0.0.1:"); ok {
			if n.port, err = strconv.Atoi(port); err != nil {
				return fmt.Errorf("nats-server: %q: %w", line, err)
			}
		}
		if strings.Contains(line, "Server is ready") {
			go func() {
				for lines.Scan() { // so that it does not wait for a reader; ends with the process
				}
			}()
			return nil
		}
	}
	return fmt.Errorf("nats-server ended (%v): %s", n.server.Wait(), said)
}

// kill ends the server as the kernel's memory killer would.
func (n *nats) kill() {
	_ = n.server.Process.Kill() // it may have ended
	_ = n.server.Wait()         // that it was killed is what is wanted
}

func (n *nats) Send(ctx context.Context, _ string, p Pace) error {
	n.kill()
	if err := n.run(); err != nil {
		return err
	}
	return senders(ctx, p, func(_ context.Context, sender int) (bool, error) {
		return true, n.publish(n.ledger.Next(sender, p.Batch))
	})
}

// publish acknowledges those that the stream has. Of the others nobody knows.
func (n *nats) publish(all []record.Message) error {
	acks := make([]jetstream.PubAckFuture, len(all))
	for i, m := range all {
		var err error
		if acks[i], err = n.js.PublishAsync(subject, m.AppendTo(nil), jetstream.WithRetryAttempts(0)); err != nil {
			acks = acks[:i]
			break
		}
	}
	for i, a := range acks {
		select {
		case ack := <-a.Ok():
			n.mu.Lock()
			n.end = max(n.end, ack.Sequence+1)
			n.mu.Unlock()
			if err := n.ledger.Acknowledge(all[i : i+1]); err != nil {
				return err
			}
		case <-a.Err():
		}
	}
	return nil
}

func (n *nats) Read(s api.SourceStats) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(s.Lanes) == 1 && s.Lanes[0].Watermark >= n.end
}

func (n *nats) Close() error {
	n.conn.Close()
	n.kill()
	return nil
}
