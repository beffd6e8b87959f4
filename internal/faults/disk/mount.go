package disk

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// Mounted is a disk that is in the file system.
type Mounted struct {
	server *fuse.Server
	dir    string
}

// Mount puts a disk at a directory, as root and through /dev/fuse.
func Mount(d *Disk, dir string) (*Mounted, error) {
	fresh := time.Second // nobody but the kernel changes the tree
	server, err := fs.Mount(dir, &entry{disk: d, node: d.root}, &fs.Options{
		MountOptions: fuse.MountOptions{
			FsName: "pelton-disk", Name: "pelton", DirectMount: true, DisableXAttrs: true, MaxWrite: 1 << 20,
		},
		EntryTimeout: &fresh, AttrTimeout: &fresh,
		RootStableAttr: &fs.StableAttr{Ino: d.root.number},
	})
	if err != nil {
		return nil, fmt.Errorf("mount a disk at %s: %w; it needs root and /dev/fuse", dir, err)
	}
	return &Mounted{server, dir}, nil
}

// Close takes the disk out of the file system. It fails while a process uses it.
func (m *Mounted) Close() error {
	if err := m.server.Unmount(); err != nil {
		return fmt.Errorf("unmount %s: %w", m.dir, err)
	}
	m.server.Wait()
	return nil
}

// entry is a node as FUSE knows it.
type entry struct {
	fs.Inode

	disk *Disk
	node *node
}

var (
	_ fs.NodeLookuper  = (*entry)(nil)
	_ fs.NodeGetattrer = (*entry)(nil)
	_ fs.NodeSetattrer = (*entry)(nil)
	_ fs.NodeCreater   = (*entry)(nil)
	_ fs.NodeMkdirer   = (*entry)(nil)
	_ fs.NodeUnlinker  = (*entry)(nil)
	_ fs.NodeRmdirer   = (*entry)(nil)
	_ fs.NodeRenamer   = (*entry)(nil)
	_ fs.NodeReaddirer = (*entry)(nil)
	_ fs.NodeOpener    = (*entry)(nil)
	_ fs.NodeReader    = (*entry)(nil)
	_ fs.NodeWriter    = (*entry)(nil)
	_ fs.NodeFsyncer   = (*entry)(nil)
	_ fs.NodeStatfser  = (*entry)(nil)
	_ fs.NodeAllocater = (*entry)(nil)
)

// path is where the entry is, from the root of the disk.
func (e *entry) path() string { return e.Path(nil) }

// look takes the lock for an operation that changes nothing.
func (e *entry) look() syscall.Errno {
	e.disk.mu.Lock()
	return e.disk.lit()
}

func (e *entry) child(ctx context.Context, n *node, out *fuse.EntryOut) *fs.Inode {
	describe(n, &out.Attr)
	return e.NewInode(ctx, &entry{disk: e.disk, node: n}, fs.StableAttr{Mode: mode(n), Ino: n.number})
}

func mode(n *node) uint32 {
	if n.dir {
		return syscall.S_IFDIR | 0o755
	}
	return syscall.S_IFREG | 0o644
}

func describe(n *node, a *fuse.Attr) {
	a.Ino, a.Mode, a.Nlink, a.Size = n.number, mode(n), 1, uint64(n.now.size)
	a.Blksize, a.Blocks = Page, uint64(pages(n.now.size))*(Page/512)
}

func (e *entry) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	if errno := e.look(); errno != 0 {
		return nil, errno
	}
	defer e.disk.mu.Unlock()
	n := e.node.kids[name]
	if n == nil {
		return nil, syscall.ENOENT
	}
	return e.child(ctx, n, out), 0
}

func (e *entry) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	if errno := e.look(); errno != 0 {
		return errno
	}
	defer e.disk.mu.Unlock()
	describe(e.node, &out.Attr)
	return 0
}

func (e *entry) Setattr(_ context.Context, _ fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	if errno := e.disk.begin(Change, e.path()); errno != 0 {
		return errno
	}
	defer e.disk.mu.Unlock()
	if size, ok := in.GetSize(); ok {
		e.disk.resize(e.node, int64(size))
	}
	describe(e.node, &out.Attr)
	return 0
}

func (e *entry) Create(ctx context.Context, name string, _, _ uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	n, errno := e.add(ctx, name, false, out)
	return n, nil, 0, errno
}

func (e *entry) Mkdir(ctx context.Context, name string, _ uint32, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	return e.add(ctx, name, true, out)
}

func (e *entry) add(ctx context.Context, name string, dir bool, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	if errno := e.disk.begin(Change, path.Join(e.path(), name)); errno != 0 {
		return nil, errno
	}
	defer e.disk.mu.Unlock()
	if e.node.kids[name] != nil {
		return nil, syscall.EEXIST
	}
	n := e.disk.make(dir)
	e.node.kids[name] = n
	return e.child(ctx, n, out), 0
}

func (e *entry) Unlink(_ context.Context, name string) syscall.Errno {
	if errno := e.disk.begin(Change, path.Join(e.path(), name)); errno != 0 {
		return errno
	}
	defer e.disk.mu.Unlock()
	e.disk.drop(e.node, name)
	return 0
}

// drop takes a name away, and counts its file's pages as free although a process may have it open still.
func (d *Disk) drop(dir *node, name string) {
	if n := dir.kids[name]; n != nil {
		for _, p := range n.now.pages {
			if p != nil {
				d.used -= Page
			}
		}
		delete(dir.kids, name)
	}
}

func (e *entry) Rmdir(ctx context.Context, name string) syscall.Errno {
	e.disk.mu.Lock()
	n := e.node.kids[name]
	full := n != nil && len(n.kids) > 0
	e.disk.mu.Unlock()
	if full {
		return syscall.ENOTEMPTY
	}
	return e.Unlink(ctx, name)
}

func (e *entry) Rename(_ context.Context, name string, to fs.InodeEmbedder, newName string, flags uint32) syscall.Errno {
	if flags != 0 {
		return syscall.EINVAL
	}
	target, ok := to.(*entry)
	if !ok {
		return syscall.EXDEV
	}
	if errno := e.disk.begin(Change, path.Join(e.path(), name)); errno != 0 {
		return errno
	}
	defer e.disk.mu.Unlock()
	n := e.node.kids[name]
	if n == nil {
		return syscall.ENOENT
	}
	delete(e.node.kids, name)
	e.disk.drop(target.node, newName)
	target.node.kids[newName] = n
	return 0
}

func (e *entry) Readdir(context.Context) (fs.DirStream, syscall.Errno) {
	if errno := e.look(); errno != 0 {
		return nil, errno
	}
	defer e.disk.mu.Unlock()
	var list []fuse.DirEntry
	for name, n := range e.node.kids {
		list = append(list, fuse.DirEntry{Name: name, Mode: mode(n), Ino: n.number})
	}
	return fs.NewListDirStream(list), 0
}

func (e *entry) Open(context.Context, uint32) (fs.FileHandle, uint32, syscall.Errno) {
	errno := e.look()
	if errno == 0 {
		e.disk.mu.Unlock()
	}
	return nil, 0, errno
}

func (e *entry) Read(_ context.Context, _ fs.FileHandle, dest []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	if errno := e.look(); errno != 0 {
		return nil, errno
	}
	defer e.disk.mu.Unlock()
	return fuse.ReadResultData(dest[:e.node.read(dest, off)]), 0
}

func (e *entry) Write(_ context.Context, _ fs.FileHandle, text []byte, off int64) (uint32, syscall.Errno) {
	if errno := e.disk.begin(Write, e.path()); errno != 0 {
		return 0, errno
	}
	defer e.disk.mu.Unlock()
	if errno := e.disk.write(e.node, text, off); errno != 0 {
		return 0, errno
	}
	return uint32(len(text)), 0
}

func (e *entry) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	if errno := e.disk.begin(Sync, e.path()); errno != 0 {
		e.disk.mu.Lock()
		defer e.disk.mu.Unlock()
		if !e.node.dir {
			e.node.giveUp()
		}
		return errno
	}
	defer e.disk.mu.Unlock()
	e.node.sync()
	return 0
}

// Allocate promises room. The file gets no longer by it, as Pebble asks, and the promise is not counted.
func (e *entry) Allocate(_ context.Context, _ fs.FileHandle, _, _ uint64, flags uint32) syscall.Errno {
	const keepSize = 1
	if flags != keepSize {
		return syscall.EOPNOTSUPP
	}
	return e.disk.done(e.disk.begin(Change, e.path()))
}

// done gives the lock back that begin took.
func (d *Disk) done(errno syscall.Errno) syscall.Errno {
	if errno == 0 {
		d.mu.Unlock()
	}
	return errno
}

func (e *entry) Statfs(_ context.Context, out *fuse.StatfsOut) syscall.Errno {
	e.disk.mu.Lock()
	defer e.disk.mu.Unlock()
	size := e.disk.size
	if size == 0 {
		size = 1 << 40
	}
	out.Bsize, out.Frsize, out.NameLen = Page, Page, 255
	out.Blocks = uint64(size / Page)
	out.Bfree = uint64(max(size-e.disk.used, 0) / Page)
	out.Bavail = out.Bfree
	return 0
}

// Prove mounts a disk at a directory and sees that it forgets what it should, and nothing else; a disk that forgets
// nothing would prove nothing. Its error says what is missing here.
func Prove(dir string) error {
	d := New()
	m, err := Mount(d, dir)
	if err != nil {
		return err
	}
	const script = "printf kept >a && sync a . && printf lost >b && sync b && printf lost >a && printf lost >>c"
	// The shell goes there: a fork of this process that did would wait for it.
	c := exec.Command("sh", "-c", `cd "$1" && `+script, "sh", dir)
	out, err := c.CombinedOutput()
	d.Cut()
	if err = errors.Join(err, m.Close()); err != nil {
		return fmt.Errorf("use a disk at %s: %w: %s", dir, err, out)
	}
	d.Restore(Forget, nil)
	if a, b, c := d.Read("a"), d.Read("b"), d.Read("c"); string(a) != "kept" || b != nil || c != nil {
		return fmt.Errorf("a disk at %s came back from a cut with %q, %q and %q; want only what was synced, file and name", dir, a, b, c)
	}
	return nil
}
