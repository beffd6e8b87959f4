package bar

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"github.com/peltonhq/pelton/engine"
)

// Log prints events, one a line, above the bar if there is one. The engine may call it from several goroutines.
type Log struct {
	Out  io.Writer
	JSON bool
	Bar  *Progress // nil without a terminal

	mu sync.Mutex
}

// Event prints one event.
func (l *Log) Event(e engine.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.JSON && e.Event == "log" && e.Level == "debug" { // a trap's whole trace, for example; --json has it
		return
	}
	text := e.Text()
	if l.JSON {
		j, err := json.Marshal(e)
		if err != nil {
			return // an event is made of numbers and texts
		}
		text = string(j)
	}
	if l.Bar != nil {
		l.Bar.Above(text)
		return
	}
	fmt.Fprintln(l.Out, text)
}

// Progress moves the bar.
func (l *Log) Progress(done, total uint64) {
	if l.Bar == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.Bar.Set(done, total)
}

// Alone runs show while nothing else is printed.
func (l *Log) Alone(show func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	show()
}
