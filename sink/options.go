package sink

import "time"

// Options of a [Worker]. Name and Sink are required; the zero value of any other field is its default.
type Options struct {
	Name    string
	Sink    Sink          // the worker's from Start on; it closes it
	Buffer  int64         // bytes of effects accepted and not yet settled; default 4 MiB. One effect may pass it
	Batch   int           // effects per Write; default 4,096: a sink that syncs does so once for all of them
	MaxWait time.Duration // the longest pause between two attempts; default 30 s
	// OnRetry, if set, is told of every failed Write and the pause that follows, on the worker's goroutine.
	OnRetry func(err error, wait time.Duration)
}

const (
	defaultBuffer  = 4 << 20
	defaultBatch   = 4096
	defaultMaxWait = 30 * time.Second
	firstWait      = 100 * time.Millisecond
)

func (o *Options) complete() {
	if o.Buffer <= 0 {
		o.Buffer = defaultBuffer
	}
	if o.Batch <= 0 {
		o.Batch = defaultBatch
	}
	if o.MaxWait <= 0 {
		o.MaxWait = defaultMaxWait
	}
	if o.OnRetry == nil {
		o.OnRetry = func(error, time.Duration) {}
	}
}

// Stats are a worker's figures. Counters start at 0 when it starts.
type Stats struct {
	Written     uint64 // effects that the sink made durable
	Bytes       uint64 // of their payloads
	Rejected    uint64 // effects that the sink refused for good
	Retries     uint64 // failed attempts to write
	Queued      int    // effects accepted and not yet settled
	QueuedBytes int64
	Buffer      int64     // the limit of QueuedBytes
	LastError   error     // of the last failed attempt, also when it is over; nil if there was none
	Waiting     bool      // the last attempt failed and everything waits for the next one
	Since       time.Time // when Waiting began; zero while it is false
	Writing     time.Time // when the Write in progress began; zero while there is none
}
