package craft

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/client"
	"github.com/peltonhq/pelton/cmd/pelton/access"
	"github.com/peltonhq/pelton/cmd/pelton/show"
	"github.com/peltonhq/pelton/cmd/pelton/text"
	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/engine/config/unit"
	"github.com/peltonhq/pelton/engine/trial"
	"github.com/peltonhq/pelton/internal/tap"
	"github.com/spf13/cobra"
)

type recordOptions struct {
	count         uint64
	span, maximum string
	key, out      string
}

func (h *Host) recordCommand() *cobra.Command {
	var o recordOptions
	c := &cobra.Command{
		Use:   "record SOURCE",
		Short: "Record a sample of a source to a file",
		Long: `Write messages that a source of the running wheel reads from now on to a file, a line each, for
'pelton test' and 'pelton dev --sample'. It ends with the first of --count, --for and
--max-bytes, or with a signal; what is there by then is kept. A file that is there is
replaced.

When no wheel answers at the config's address, a source of files, of standard input or of
made-up messages is read from its beginning, as the config says, and left as it was found:
a wheel reads all of it still.

The wheel is not slowed: what comes faster than limits.tap_rate is left out and counted,
so up to a second's worth of messages (1000, by default) come one behind the other.`,
		Example: `  pelton record flights --count 200 -o samples/flights.ndjson
  pelton record flights --for 1m --key ORD -o ord.ndjson`,
		Args: h.Args(1, 1, "the SOURCE"),
		RunE: func(c *cobra.Command, args []string) error {
			if o.out == "" {
				return access.Usagef("%s: where to? give -o FILE, or -o - for standard output", c.CommandPath())
			}
			q := api.TapRequest{Node: tap.Source + "/" + args[0], Limit: o.count}
			if c.Flags().Changed("key") {
				q.Key = []byte(o.key)
			}
			err := h.Call(func(w *client.Client) error { return h.record(c.Context(), w, q, &o) })
			if own, known := h.Own(); known && errors.Is(err, &api.Error{Code: api.Unavailable}) {
				return h.alone(c.Context(), own, args[0], q, &o)
			}
			return err
		},
	}
	f := c.Flags()
	f.Uint64Var(&o.count, "count", 1000, "end after so many messages; 0 means any number")
	f.StringVar(&o.span, "for", "", "end after this `TIME`, for example 1m")
	f.StringVar(&o.maximum, "max-bytes", "64MiB", "end before the payloads are more than this `SIZE`")
	f.StringVar(&o.key, "key", "", "only messages with this `KEY`")
	f.StringVarP(&o.out, "output", "o", "", "the `FILE`; - is standard output")
	return h.Wheel(c)
}

// bounds reads --for and --max-bytes.
func (o *recordOptions) bounds() (span time.Duration, most int64, err error) {
	if o.span != "" {
		d, err := unit.ParseDuration(o.span)
		if err != nil {
			return 0, 0, access.Usagef("--for: %v", err)
		}
		span = d.Std()
	}
	size, err := unit.ParseSize(o.maximum)
	if err != nil || size <= 0 {
		return 0, 0, access.Usagef("--max-bytes %s: want a size, for example 64MiB", o.maximum)
	}
	return span, int64(size), nil
}

func (h *Host) record(ctx context.Context, w *client.Client, q api.TapRequest, o *recordOptions) (err error) {
	span, most, err := o.bounds()
	if err != nil {
		return err
	}
	q.Payload = int(most)
	if span > 0 {
		var cancel func()
		ctx, cancel = context.WithTimeout(ctx, span)
		defer cancel()
	}
	sample := &trial.Writer{Most: most}
	done := func() error { return nil }
	var counts tap.Counts
	err = w.Tap(ctx, q, func(f api.TapFrame) error {
		counts = f.Counts
		if f.Node != "" { // there is such a source: what is in the file may go
			var err error
			sample.Out, done, err = h.create(o.out)
			return err
		}
		for i := range f.Samples {
			if err := sample.Add(&f.Samples[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, trial.ErrEnough) || ctx.Err() != nil {
		err = nil
	}
	if err := h.recorded(sample, o, errors.Join(err, done())); err != nil {
		return err
	}
	if left := show.Left(counts); left != "" {
		h.notef("pelton: %s", left)
	}
	return nil
}

// alone records a source that no wheel reads.
func (h *Host) alone(ctx context.Context, c config.Config, source string, q api.TapRequest, o *recordOptions) error {
	span, most, err := o.bounds()
	if err != nil {
		return err
	}
	if span > 0 {
		var cancel func()
		ctx, cancel = context.WithTimeout(ctx, span)
		defer cancel()
	}
	sample := &trial.Writer{Most: most}
	done := func() error { return nil }
	err = trial.Record(ctx, c, os.Stdin, source, func() (err error) {
		h.notef("no wheel runs: source %s of %s is read from its beginning", source, c.File)
		sample.Out, done, err = h.create(o.out)
		return err
	}, func(s *tap.Sample) error {
		if q.Key != nil && !bytes.Equal(s.Key, q.Key) {
			return nil
		}
		if err := sample.Add(s); err != nil {
			return err
		}
		if q.Limit > 0 && sample.Count >= q.Limit {
			return trial.ErrEnough
		}
		return nil
	})
	return h.recorded(sample, o, errors.Join(err, done()))
}

// recorded says what is in the sample.
func (h *Host) recorded(sample *trial.Writer, o *recordOptions, err error) error {
	if err != nil {
		return err
	}
	h.notef("recorded %d messages, %s of payload, in %s", sample.Count, text.Bytes(uint64(sample.Bytes)), o.out)
	if sample.Cut > 0 {
		h.notef("pelton: %d messages are not in the sample: each alone is more than --max-bytes", sample.Cut)
	}
	return nil
}

// create opens the file to write to.
func (h *Host) create(path string) (io.Writer, func() error, error) {
	if path == "-" {
		out := bufio.NewWriter(h.Out)
		return out, out.Flush, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, func() error { return nil }, err
	}
	out := bufio.NewWriter(f)
	return out, func() error { return errors.Join(out.Flush(), f.Close()) }, nil
}
