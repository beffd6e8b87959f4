package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/peltonhq/pelton/api/client"
	"github.com/peltonhq/pelton/cmd/pelton/bar"
	"github.com/peltonhq/pelton/internal/backup"
	"github.com/spf13/cobra"
)

// backupCommand is `pelton backup`.
func (a *app) backupCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "backup DIR|FILE",
		Short: "Copy the store of the running wheel",
		Long: `Copy the store of the running wheel, as it is at one instant, to FILE, or to a new file in
DIR. The wheel goes on meanwhile. The file is a tar with the digests of its content; it gets
its name only when all of it has arrived and agrees with them. A file that is there already
is left alone.

Not in it: the config, plugin directories, and the files of sinks. Restore it by
'pelton restore'.`,
		Example: `  pelton backup /backups/
  pelton backup wheel.tar --json`,
		Args: args(1, 1, "a DIR or FILE to write"),
		RunE: func(c *cobra.Command, args []string) error {
			path, err := backupPath(args[0], time.Now())
			if err != nil {
				return err
			}
			return a.call(func(w *client.Client) error { return a.backup(c.Context(), w, path) })
		},
	}
	return a.wheelFlags(a.jsonFlag(c))
}

// backupPath is the file to write: to itself, or a new one in a directory.
func backupPath(path string, now time.Time) (string, error) {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		path = filepath.Join(path, "pelton-"+now.UTC().Format("20060102T150405Z")+".tar")
	case err != nil && strings.HasSuffix(path, string(filepath.Separator)):
		return "", usagef("backup: directory %s does not exist; make it first", path)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return "", usagef("backup: %s is there already; give another name", path)
	}
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return "", usagef("backup: directory %s does not exist; make it first", filepath.Dir(path))
	}
	return path, nil
}

// backedUp is what `backup --json` prints.
type backedUp struct {
	Path    string    `json:"path"`
	Bytes   int64     `json:"bytes"`
	Files   int       `json:"files"`
	Format  uint64    `json:"format"` // of the store
	Created time.Time `json:"created"`
}

func (a *app) backup(ctx context.Context, w *client.Client, path string) error {
	part := path + ".part"
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return usagef("backup: %s is there: another backup writes it, or one was interrupted; remove it or give another name", part)
	}
	if err != nil {
		return err
	}
	done, err := a.receive(ctx, w, f)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(part, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(part))
	}
	if err := syncDir(filepath.Dir(path)); err != nil {
		return err
	}
	done.Path = path
	if a.json {
		return a.printJSON(done)
	}
	a.printf("%s: %s, %d files\n", path, bytesOf(uint64(done.Bytes)), done.Files)
	return nil
}

// receive writes the backup to a file, durably, and checks it on the way.
func (a *app) receive(ctx context.Context, w *client.Client, f *os.File) (backedUp, error) {
	progress, done := func(int64) {}, func() {}
	body, err := w.Backup(ctx, func(size int64) {
		if bar, end := a.bytesBar("copying", size); bar != nil {
			progress, done = bar, end
		}
	})
	if err != nil {
		return backedUp{}, err
	}
	defer body.Close()
	in := &bar.Metered{Reader: body, Progress: progress}
	header, err := backup.Verify(io.TeeReader(in, f))
	done()
	if err == nil {
		err = f.Sync()
	}
	return backedUp{Bytes: in.N, Files: len(header.Files), Format: header.Format, Created: header.Created}, err
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
