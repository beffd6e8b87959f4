package api

import (
	"testing"
	"time"
)

func TestChosen(t *testing.T) {
	t.Parallel()
	for want, got := range map[string]target{
		"all dead letters": chosen("dead letters", nil, DeadQuery{}, false),
		"dry run: dead letters with plugin delays, state dead": chosen("dead letters", nil, DeadQuery{Plugin: "delays", State: "dead", Limit: 5}, true),
		"parked deliveries a, b":                               chosen("parked deliveries", []string{"a", "b"}, ParkedQuery{}, false),
		`parked deliveries with key "O R", until 2026-11-27T10:00:00Z`: chosen("parked deliveries", nil,
			ParkedQuery{Key: "O R", Until: time.Date(2026, 11, 27, 10, 0, 0, 0, time.UTC)}, false),
	} {
		if got.what != want {
			t.Errorf("got %q, want %q", got.what, want)
		}
	}
}
