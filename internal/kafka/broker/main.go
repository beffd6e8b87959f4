package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:9092", "HOST:PORT of the broker")
	flights := flag.String("flights", "examples/flights/flights.jsonl", "what topic flights begins with, a line a message")
	partitions := flag.Int("partitions", 4, "of topic flights")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *listen, *flights, int32(*partitions)); err != nil {
		fmt.Fprintln(os.Stderr, "broker:", err)
		os.Exit(1) //nolint:gocritic // nothing is left to be stopped
	}
}

func run(ctx context.Context, listen, flights string, partitions int32) error {
	_, text, err := net.SplitHostPort(listen)
	if err != nil {
		return err
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return err
	}
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(port), kfake.SeedTopics(partitions, "flights"), kfake.SeedTopics(1, "late"))
	if err != nil {
		return err
	}
	defer c.Close()
	n, err := fill(ctx, c, flights)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stdout, "listening on %s, with %d flights\n", listen, n)
	<-ctx.Done()
	return nil
}

// fill puts the flights of a file into their topic, by airport.
func fill(ctx context.Context, c *kfake.Cluster, path string) (int, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...))
	if err != nil {
		return 0, err
	}
	defer client.Close()
	var all []*kgo.Record
	for line := range bytes.Lines(text) {
		var f struct {
			Origin string `json:"origin"`
		}
		if err := json.Unmarshal(line, &f); err != nil {
			return 0, fmt.Errorf("%s: line %d: %w", path, len(all)+1, err)
		}
		all = append(all, &kgo.Record{Topic: "flights", Key: []byte(f.Origin), Value: bytes.TrimSuffix(line, []byte("\n"))})
	}
	return len(all), client.ProduceSync(ctx, all...).FirstErr()
}
