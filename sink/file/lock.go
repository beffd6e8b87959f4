package file

import (
	"fmt"
	"io/fs"
	"os"
	"sync"
)

// held are the files that sinks of this process have open. They are compared as files, so that links and different
// spellings of a path are seen through.
var held struct {
	sync.Mutex
	files []*holding
}

type holding struct {
	info fs.FileInfo
	name string // of the sink
}

// hold makes the file this sink's own until release is called.
func hold(f *os.File, name string) (release func(), err error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	held.Lock()
	defer held.Unlock()
	for _, h := range held.files {
		if os.SameFile(h.info, info) {
			return nil, fmt.Errorf("file %s: sink %s writes it already; give each sink a file of its own: %w", f.Name(), h.name, ErrShared)
		}
	}
	if err := flock(f); err != nil {
		return nil, err
	}
	h := &holding{info, name}
	held.files = append(held.files, h)
	return h.release, nil
}

func (h *holding) release() {
	held.Lock()
	defer held.Unlock()
	for i := range held.files {
		if held.files[i] == h {
			held.files = append(held.files[:i], held.files[i+1:]...)
			return
		}
	}
}
