package top

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/peltonhq/pelton/api"
)

// Options are what Run needs.
type Options struct {
	In    io.Reader
	Out   io.Writer
	Addr  string              // of the wheel, for people
	Paint func(string) string // colours a cell
	Order Order
	Every time.Duration // between two sets of figures

	// Watch gives figures at every interval until ctx ends or the wheel goes; it is called again after that.
	Watch func(ctx context.Context, every time.Duration, give func(api.Stats) error) error
}

// Run shows the figures until somebody quits or ctx ends. A wheel that goes away is shown as gone, and waited for.
func Run(ctx context.Context, o Options) error {
	ctx, cancel := context.WithCancel(ctx)
	p := tea.NewProgram(&model{o: o, order: o.Order}, tea.WithContext(ctx), tea.WithInput(o.In), tea.WithOutput(o.Out), tea.WithoutSignalHandler())
	done := make(chan struct{})
	go func() { // ends with ctx, which ends with the program
		defer close(done)
		watch(ctx, o, p.Send)
	}()
	_, err := p.Run()
	if ctx.Err() != nil {
		err = nil // a signal is a way to quit
	}
	cancel()
	<-done
	return err
}

// again is how long a wheel that went away is left alone.
const again = time.Second

// gone says that the wheel does not answer.
type gone struct{ err error }

func watch(ctx context.Context, o Options, send func(tea.Msg)) {
	for ctx.Err() == nil {
		err := o.Watch(ctx, o.Every, func(s api.Stats) error {
			send(&s)
			return ctx.Err()
		})
		if ctx.Err() != nil {
			return
		}
		send(gone{err})
		select {
		case <-ctx.Done():
		case <-time.After(again):
		}
	}
}

// model is what is shown and how; bubbletea's loop owns it.
type model struct {
	o      Options
	rates  Rates
	order  Order
	paused bool
	help   bool
	gone   *gone
	scroll int
	width  int
	height int
}

// Init implements [tea.Model].
func (m *model) Init() tea.Cmd { return nil }

// Update implements [tea.Model].
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case *api.Stats:
		m.gone = nil
		if !m.paused {
			m.rates.Add(msg)
		}
	case gone:
		m.gone = &msg
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case tea.KeyPressMsg:
		cmd := m.key(msg.String())
		return m, cmd
	}
	return m, nil
}

// key is what a key does.
func (m *model) key(key string) tea.Cmd {
	switch key {
	case "q", "ctrl+c":
		return tea.Quit
	case "esc":
		if !m.help {
			return tea.Quit
		}
		m.help = false
	case "?", "h":
		m.help = !m.help
	case "s":
		m.order = (m.order + 1) % orders
	case "p", "space":
		m.paused = !m.paused
	case "down", "j":
		m.scroll++
	case "up", "k":
		m.scroll--
	case "home", "g":
		m.scroll = 0
	}
	return nil
}

const keys = `  s        sort by config, rate or name
  p        pause and go on; the wheel itself is not paused
  ↑ ↓      scroll
  ? h      this help
  q        quit
`

// View implements [tea.Model].
func (m *model) View() tea.View {
	body := Frame(&m.rates, m.order, m.o.Paint)
	if m.help {
		body = "Rates are over the last 3 seconds, all other figures since the start of the wheel.\n\n" + keys
	}
	lines := strings.Split(strings.TrimRight(body, "\n"), "\n")
	const around = 3 // the title, an empty line, and the keys
	room := max(1, m.height-around)
	m.scroll = min(max(0, m.scroll), max(0, len(lines)-room))
	if m.height > 0 {
		lines = lines[m.scroll:min(len(lines), m.scroll+room)]
	}
	lines = append([]string{m.title(), ""}, lines...)
	for m.height > 0 && len(lines) < m.height-1 {
		lines = append(lines, "")
	}
	lines = append(lines, "s sort  p pause  ↑↓ scroll  ? help  q quit")
	if m.width > 0 {
		for i := range lines {
			lines[i] = ansi.Truncate(lines[i], m.width, "…")
		}
	}
	v := tea.NewView(strings.Join(lines, "\n"))
	v.AltScreen = true
	v.WindowTitle = "pelton top " + m.o.Addr
	return v
}

func (m *model) title() string {
	parts := []string{"pelton top", m.o.Addr}
	if m.gone != nil {
		parts = append(parts, fmt.Sprintf("no answer, asking again: %v", m.gone.err))
	}
	if m.paused {
		parts = append(parts, m.o.Paint("paused")+" (p goes on)")
	}
	if s := m.rates.Now(); s != nil {
		parts = append(parts, s.Time.Local().Format(time.TimeOnly), "sorted by "+m.order.String()) //nolint:gosmopolitan // for people at this machine
	}
	return strings.Join(parts, "  ")
}
