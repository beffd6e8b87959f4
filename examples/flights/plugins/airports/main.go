// Plugin airports folds the delays of an airport's flights into one state.
package main

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/peltonhq/pelton/sdk/go"
)

type airport struct {
	Airport   string  `json:"airport"`
	Flights   int64   `json:"flights"`
	Late      int64   `json:"late"`
	MeanDelay float64 `json:"mean_delay"` // minutes, early ones negative
	Worst     int64   `json:"worst"`      // the largest delay, minutes
}

type event struct {
	Delay int64 `json:"delay"`
	Late  bool  `json:"late"`
}

func init() { pelton.Reduce(fold) }

func main() {}

func fold(key, state, emit []byte) ([]byte, error) {
	a := airport{Airport: string(key), Worst: math.MinInt64}
	if len(state) > 0 {
		if err := json.Unmarshal(state, &a); err != nil {
			return nil, fmt.Errorf("state: %w", err)
		}
	}
	var e event
	if err := json.Unmarshal(emit, &e); err != nil {
		return nil, fmt.Errorf("event: %w", err)
	}
	// Delays are whole minutes, so their sum is found again exactly, and the mean never drifts.
	sum := math.Round(a.MeanDelay*float64(a.Flights)) + float64(e.Delay)
	a.Flights++
	a.MeanDelay = sum / float64(a.Flights)
	a.Worst = max(a.Worst, e.Delay)
	if e.Late {
		a.Late++
	}
	return json.Marshal(a)
}
