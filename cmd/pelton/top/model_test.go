package top

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/peltonhq/pelton/api"
)

func press(m *model, key string) tea.Cmd {
	code := []rune(key)[0]
	_, cmd := m.Update(tea.KeyPressMsg(tea.Key{Code: code, Text: key}))
	return cmd
}

func screen(m *model) string { return m.View().Content }

func started() *model {
	m := &model{o: Options{Addr: "127.0.0.1:7070", Paint: func(word string) string { return word }}}
	m.Update(tea.WindowSizeMsg{Width: 60, Height: 12})
	m.Update(&api.Stats{Time: time.Unix(1, 0), Sources: []api.SourceStats{{Name: "flights", State: "running"}}})
	return m
}

func TestKeys(t *testing.T) {
	t.Parallel()
	m := started()
	for _, step := range []struct{ key, want string }{
		{"s", "sorted by rate"}, {"s", "sorted by name"}, {"s", "sorted by config"},
		{"?", "the wheel itself is not paused"}, {"?", "flights"},
		{"p", "paused (p goes on)"},
	} {
		if cmd := press(m, step.key); cmd != nil || !strings.Contains(screen(m), step.want) {
			t.Errorf("after %s there is no %q:\n%s", step.key, step.want, screen(m))
		}
	}
	m.Update(&api.Stats{Time: time.Unix(9, 0), Sources: []api.SourceStats{{Name: "later", State: "running"}}})
	if strings.Contains(screen(m), "later") {
		t.Error("paused, and yet it shows new figures")
	}
	press(m, "p")
	m.Update(&api.Stats{Time: time.Unix(10, 0), Sources: []api.SourceStats{{Name: "later", State: "running"}}})
	if !strings.Contains(screen(m), "later") {
		t.Error("it goes on, and yet it shows no new figures")
	}
	if cmd := press(m, "q"); cmd == nil {
		t.Error("q does not quit")
	}
}

// What does not fit is cut at the sides and scrolled from below; the keys stay in the last line.
func TestRoom(t *testing.T) {
	t.Parallel()
	m := started()
	m.Update(tea.WindowSizeMsg{Width: 30, Height: 7})
	for range 100 {
		press(m, "j")
	}
	lines := strings.Split(screen(m), "\n")
	if len(lines) != 7 || !strings.HasPrefix(lines[6], "s sort") {
		t.Errorf("%d lines:\n%s", len(lines), screen(m))
	}
	if !strings.Contains(screen(m), "flights") {
		t.Errorf("the end is out of reach:\n%s", screen(m))
	}
	for _, line := range lines {
		if len([]rune(line)) > 30 {
			t.Errorf("%q is wider than the screen", line)
		}
	}
	for range 100 {
		press(m, "k")
	}
	if !strings.Contains(screen(m), "wheel") {
		t.Errorf("the beginning is out of reach:\n%s", screen(m))
	}
}

// A wheel that goes away is said to be gone, and asked again until it is back.
func TestGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		m := started()
		calls := 0
		o := Options{Watch: func(ctx context.Context, _ time.Duration, give func(api.Stats) error) error {
			if calls++; calls < 3 {
				return errors.New("connection refused")
			}
			_ = give(api.Stats{Time: time.Unix(20, 0)})
			<-ctx.Done()
			return ctx.Err()
		}}
		told := 0
		done := make(chan struct{})
		go func() {
			defer close(done)
			watch(ctx, o, func(msg tea.Msg) {
				if _, ok := msg.(gone); ok {
					told++
				}
				m.Update(msg)
				if told == 1 && !strings.Contains(screen(m), "no answer") && m.gone != nil {
					t.Errorf("nothing says that the wheel is gone:\n%s", screen(m))
				}
			})
		}()
		time.Sleep(10 * again) // the bubble's time
		cancel()
		<-done
		if told != 2 || calls != 3 || m.gone != nil {
			t.Errorf("told %d times, asked %d times, gone %v", told, calls, m.gone)
		}
	})
}
