package top

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/cmd/pelton/text"
)

// Order is what rows are sorted by.
type Order int

// The orders, as the key s goes through them.
const (
	ByConfig Order = iota // as the config has them
	ByRate                // the busiest first
	ByName
	orders
)

var orderNames = [...]string{"config", "rate", "name"}

func (o Order) String() string { return orderNames[o] }

// OrderOf is the order of that name.
func OrderOf(name string) (Order, error) {
	if i := slices.Index(orderNames[:], name); i >= 0 {
		return Order(i), nil
	}
	return 0, fmt.Errorf("want %s", strings.Join(orderNames[:], ", "))
}

// row is one line of a table: its cells, and what it is sorted by.
type row struct {
	cells []string
	rate  float64
}

// table is the rows of one kind of box under their header.
type table struct {
	header string
	rows   []row
}

// Frame is the wheel in text: a line about all of it, then a table for each kind of box. paint colours a cell.
func Frame(r *Rates, order Order, paint func(string) string) string {
	s := r.Now()
	if s == nil {
		return "No figures yet.\n"
	}
	var out strings.Builder
	out.WriteString(text.Columns(head(s), paint))
	for _, t := range []table{sources(r, s), plugins(r, s), sessions(r, s), sinks(r, s)} {
		if len(t.rows) == 0 {
			continue
		}
		sorted(t.rows, order)
		cells := [][]string{strings.Fields(t.header)}
		for _, row := range t.rows {
			cells = append(cells, row.cells)
		}
		out.WriteString("\n" + text.Columns(cells, paint))
	}
	return out.String()
}

func sorted(rows []row, order Order) {
	slices.SortStableFunc(rows, func(a, b row) int {
		switch order {
		case ByRate:
			return cmp.Compare(b.rate, a.rate)
		case ByName:
			return cmp.Compare(a.cells[0], b.cells[0])
		}
		return 0
	})
}

// head is what is true of the whole wheel.
func head(s *api.Stats) [][]string {
	state, why := "running", ""
	switch {
	case s.Paused != "":
		state, why = "paused", s.Paused
	case s.Store.Full:
		state, why = "paused", s.Store.Reason
	case s.Settled:
		state = "settled"
	}
	due := ""
	if !s.Lot.NextDue.IsZero() {
		due = ", next due " + text.When(s.Lot.NextDue, s.Time)
	}
	limit := ""
	if s.Store.MaxBytes > 0 {
		limit = " of " + text.Bytes(s.Store.MaxBytes)
	}
	rows := [][]string{
		{"wheel", state, "up " + text.Short(s.Uptime) + ", " + text.Bytes(s.Memory.RSS) + " resident, " + strconv.Itoa(s.Memory.Goroutines) + " goroutines"},
		{"store", text.Bytes(s.Store.Bytes) + limit, text.Bytes(s.Store.FreeDisk) + " free"},
		{"waiting", fmt.Sprintf("%d dead", s.Lot.Dead), fmt.Sprintf("%d parked%s", s.Lot.Parked, due)},
	}
	if why != "" {
		rows = append(rows, []string{"", "", why})
	}
	return rows
}

func sources(r *Rates, s *api.Stats) table {
	t := table{header: "SOURCE STATE RATE MESSAGES FLIGHT ARENA BAD REASON"}
	for i := range s.Sources {
		x := &s.Sources[i]
		flight := 0
		for _, l := range x.Lanes {
			flight += l.InFlight
		}
		rate, said := rated(r, func(s *api.Stats) (uint64, bool) {
			x, ok := named(s.Sources, func(y *api.SourceStats) bool { return y.Name == x.Name })
			return x.Messages, ok
		})
		t.rows = append(t.rows, row{[]string{x.Name, x.State, said, u(x.Messages), strconv.Itoa(flight), arena(s, x.Name), u(x.Bad), x.Reason}, rate})
	}
	return t
}

func plugins(r *Rates, s *api.Stats) table {
	t := table{header: "PLUGIN STATE REV RATE ACKED RETRIED DEAD HELD QUEUED FAULTS CALL MEMORY"}
	for i := range s.Plugins {
		x := &s.Plugins[i]
		rate, said := rated(r, func(s *api.Stats) (uint64, bool) {
			x, ok := named(s.Plugins, func(y *api.PluginStats) bool { return y.Name == x.Name })
			return x.Deliveries, ok
		})
		faults := uint64(0)
		for _, n := range x.Faults {
			faults += n
		}
		call := "-"
		if x.Deliveries > 0 && x.BusyNs > 0 {
			call = time.Duration(x.BusyNs / x.Deliveries).Round(100 * time.Nanosecond).String()
		}
		t.rows = append(t.rows, row{[]string{
			x.Name, x.State, strconv.Itoa(x.Revision), said, u(x.Acked), u(x.Retried), u(x.Dead), u(x.Held), u(x.Queued), u(faults), call, text.Bytes(x.Memory),
		}, rate})
	}
	return t
}

func sessions(r *Rates, s *api.Stats) table {
	t := table{header: "SESSION KEYS RATE SNAPSHOTS FOLLOWERS QUEUED"}
	for i := range s.Sessions {
		x := &s.Sessions[i]
		rate, said := rated(r, func(s *api.Stats) (uint64, bool) {
			x, ok := named(s.Sessions, func(y *api.SessionStats) bool { return y.Name == x.Name })
			return x.Snapshots, ok
		})
		t.rows = append(t.rows, row{[]string{x.Name, u(x.Sessions), said, u(x.Snapshots), strconv.Itoa(x.Followers), text.Bytes(x.Queued)}, rate})
	}
	return t
}

func sinks(r *Rates, s *api.Stats) table {
	t := table{header: "SINK STATE RATE WRITTEN BYTES QUEUED RETRIES ERROR"}
	for i := range s.Sinks {
		x := &s.Sinks[i]
		rate, said := rated(r, func(s *api.Stats) (uint64, bool) {
			x, ok := named(s.Sinks, func(y *api.SinkStats) bool { return y.Name == x.Name })
			return x.Written, ok
		})
		t.rows = append(t.rows, row{[]string{x.Name, x.State, said, u(x.Written), text.Bytes(x.Bytes), u(x.Queued), u(x.Retries), x.LastError}, rate})
	}
	return t
}

// rated is a rate, and how it is said.
func rated(r *Rates, count func(*api.Stats) (uint64, bool)) (rate float64, said string) {
	rate, ok := r.of(count)
	switch {
	case !ok:
		return 0, "-"
	case rate > 0 && rate < 10:
		return rate, fmt.Sprintf("%.1f/s", rate)
	}
	return rate, fmt.Sprintf("%.0f/s", rate)
}

// named is the row that is, or a zero one.
func named[T any](rows []T, is func(*T) bool) (one T, ok bool) {
	for i := range rows {
		if is(&rows[i]) {
			return rows[i], true
		}
	}
	return one, false
}

// arena is how full a source's memory is.
func arena(s *api.Stats, source string) string {
	a, ok := named(s.Arenas, func(a *api.ArenaStats) bool { return a.Name == source })
	if !ok || a.Size == 0 {
		return "-"
	}
	const hundred = 100
	return strconv.FormatUint(a.Used*hundred/a.Size, 10) + "%"
}

func u(n uint64) string { return strconv.FormatUint(n, 10) }
