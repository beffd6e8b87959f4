package watch

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// Reloads gives a token for each SIGHUP and, if the file is watched, for each time that it has changed, until stop. One
// that nobody took stands for those after it too.
func Reloads(path string, watched bool, failed func(error)) (tokens <-chan struct{}, stop func(), err error) {
	out, done := make(chan struct{}, 1), make(chan struct{})
	ask := func() {
		select {
		case out <- struct{}{}:
		default:
		}
	}
	unwatch := func() {}
	if watched {
		if unwatch, err = File(path, ask, failed); err != nil {
			return nil, nil, err
		}
	}
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	var wait sync.WaitGroup
	wait.Go(func() {
		for {
			select {
			case <-hangups:
				ask()
			case <-done:
				return
			}
		}
	})
	return out, func() {
		signal.Stop(hangups)
		close(done)
		wait.Wait()
		unwatch()
	}, nil
}
