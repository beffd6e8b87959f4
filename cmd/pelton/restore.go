package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/peltonhq/pelton/cmd/pelton/bar"
	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/engine/restore"
	"github.com/peltonhq/pelton/internal/backup"
	"github.com/spf13/cobra"
)

// restoreCommand is `pelton restore`.
func (a *app) restoreCommand() *cobra.Command {
	var store string
	var replace, check bool
	c := &cobra.Command{
		Use:   "restore FILE",
		Short: "Make a store from a backup",
		Long: `Make the store of a wheel that does not run from FILE, which 'pelton backup' wrote. The
backup is read to its end, compared with its digests and opened before anything changes. A
store that is there is left alone, or moved aside into its own directory with --replace; one
that a wheel has open is refused.

The wheel then goes on where it was when the backup was made: sources are read again from
there. What that means for each source, session and sink is in docs/guarantees.md.`,
		Example: `  pelton restore /backups/pelton-20260401T120000Z.tar
  pelton restore wheel.tar --store /data/wheel --replace
  pelton restore wheel.tar --check`,
		Args: args(1, 1, "the FILE of a backup"),
		RunE: func(c *cobra.Command, args []string) error {
			if check {
				return a.checkBackup(args[0])
			}
			return a.restore(c.Context(), args[0], store, replace)
		},
	}
	f := c.Flags()
	f.StringVar(&store, "store", "", "`DIR` to make the store in (default: store.dir of the config)")
	f.StringVar(&a.config, "config", "", "config `FILE` that says where the store is (default "+defaultFile+")")
	f.BoolVar(&replace, "replace", false, "move a store that is there aside")
	f.BoolVar(&check, "check", false, "only tell whether FILE is whole")
	return a.jsonFlag(c)
}

// storeOf is the config whose store is to be made.
func (a *app) storeOf(dir string) (config.Config, error) {
	if dir == "" {
		path := a.config
		if path == "" {
			path = defaultFile
		}
		return config.Load(path, a.env)
	}
	abs, err := filepath.Abs(dir)
	c := config.Default()
	c.Store.Dir = abs
	return c, err
}

func (a *app) restore(ctx context.Context, path, dir string, replace bool) error {
	c, err := a.storeOf(dir)
	if err != nil {
		return err
	}
	in, done, err := a.openBackup("restoring", path)
	if err != nil {
		return err
	}
	restored, err := restore.Store(ctx, c, in, replace)
	done()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if a.json {
		return a.printJSON(restored)
	}
	if restored.Kept != "" {
		a.notef("the store of before is in %s", restored.Kept)
	}
	a.printf("%s is as it was at %s\n", restored.Store, restored.Created.Local().Format("2006-01-02 15:04:05")) //nolint:gosmopolitan // for people at this machine
	return nil
}

// checkBackup tells whether a backup is whole.
func (a *app) checkBackup(path string) error {
	in, done, err := a.openBackup("reading", path)
	if err != nil {
		return err
	}
	header, err := backup.Verify(in)
	done()
	switch {
	case errors.Is(err, backup.ErrFormat):
		return usagef("%s: %v", path, err)
	case err != nil:
		return fmt.Errorf("%s: %w", path, err)
	}
	if a.json {
		return a.printJSON(backedUp{Path: path, Bytes: in.N, Files: len(header.Files), Format: header.Format, Created: header.Created})
	}
	a.printf("%s is whole: %s, %d files\n", path, bytesOf(uint64(in.N)), len(header.Files))
	return nil
}

// openBackup opens a file with a bar on a terminal; done closes both.
func (a *app) openBackup(what, path string) (in *bar.Metered, done func(), err error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, usagef("restore: %s does not exist", path)
	}
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = usagef("restore: %s is not a file", path)
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	progress, end := a.bytesBar(what, info.Size())
	return &bar.Metered{Reader: f, Progress: progress}, func() {
		end()
		_ = f.Close() // it was only read
	}, nil
}
