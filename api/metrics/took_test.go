package metrics

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/peltonhq/pelton/api"
)

// one gives one metric.
type one struct{ prometheus.Metric }

func (o one) Describe(chan<- *prometheus.Desc)     {}
func (o one) Collect(out chan<- prometheus.Metric) { out <- o.Metric }

// The counts of a plugin's time are a histogram in seconds, each bucket with all that is below its edge.
func TestTook(t *testing.T) {
	t.Parallel()
	p := api.PluginStats{Name: "delays", Usage: api.Usage{BusyNs: 5_000_000, Took: []uint64{1, 0, 2, 4}}}
	registry := prometheus.NewRegistry()
	registry.MustRegister(one{took(&p)})
	w := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody))
	for _, line := range []string{
		`_bucket{plugin="delays",le="1e-06"} 1`, `_bucket{plugin="delays",le="2e-06"} 1`, `_bucket{plugin="delays",le="4e-06"} 3`,
		`_bucket{plugin="delays",le="8e-06"} 7`, `_bucket{plugin="delays",le="+Inf"} 7`, `_sum{plugin="delays"} 0.005`, `_count{plugin="delays"} 7`,
	} {
		if !strings.Contains(w.Body.String(), "pelton_plugin_delivery_seconds"+line+"\n") {
			t.Errorf("no %s in\n%s", line, w.Body)
		}
	}
}
