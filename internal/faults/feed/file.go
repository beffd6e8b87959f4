package feed

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/internal/faults/record"
)

// file appends lines to a file that the wheel follows. A message counts when it is written.
type file struct {
	ledger *record.Ledger

	mu   sync.Mutex
	file *os.File
	size uint64
}

func (f *file) Start(dir string, l *record.Ledger, _ Way) (config string, err error) {
	f.ledger = l
	path := filepath.Join(dir, "in.jsonl")
	if f.file, err = os.Create(path); err != nil {
		return "", err
	}
	// A file is known by its first line, so there is one before the wheel looks.
	return fmt.Sprintf("file: {path: %s, follow: true}", path), f.append(0, 1)
}

func (f *file) Send(ctx context.Context, _ string, p Pace) error {
	return senders(ctx, p, func(_ context.Context, sender int) (bool, error) { return true, f.append(sender, p.Batch) })
}

func (f *file) append(sender, n int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := f.ledger.Next(sender, n)
	written, err := f.file.Write(text(all))
	if err != nil {
		return err
	}
	f.size += uint64(written)
	return f.ledger.Acknowledge(all)
}

func (f *file) Read(s api.SourceStats) bool {
	return len(s.Lanes) == 1 && s.Lanes[0].Watermark >= f.size
}

func (f *file) Close() error { return f.file.Close() }
