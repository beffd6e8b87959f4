package watch

import (
	"path/filepath"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
)

// calm is how long a file must be left alone before it is read: an editor writes it in several steps.
const calm = 200 * time.Millisecond

// mounted is the link that changes when a file is mounted from a Kubernetes ConfigMap.
const mounted = "..data"

// File calls changed when the file at path has changed and was left alone since, until stop. failed hears of what the
// system could not tell.
func File(path string, changed func(), failed func(error)) (stop func(), err error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	// The directory, since an editor may put another file in its place.
	if err := w.Add(filepath.Dir(path)); err != nil {
		_ = w.Close() // the reason is known
		return nil, err
	}
	var wait sync.WaitGroup
	wait.Go(func() { follow(w, filepath.Base(path), changed, failed) })
	return func() {
		_ = w.Close() // it was only read
		wait.Wait()
	}, nil
}

func follow(w *fsnotify.Watcher, name string, changed func(), failed func(error)) {
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	for {
		select {
		case e, ok := <-w.Events:
			if !ok {
				return
			}
			if named := filepath.Base(e.Name); (named == name || named == mounted) && e.Op != fsnotify.Remove && e.Op != fsnotify.Chmod {
				timer.Reset(calm)
			}
		case <-timer.C:
			changed()
		case err, ok := <-w.Errors:
			if !ok {
				return
			}
			failed(err)
		}
	}
}
