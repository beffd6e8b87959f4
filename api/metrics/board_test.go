package metrics

import (
	"encoding/json"
	"os"
	"regexp"
	"testing"
)

// Every metric that the board for Grafana shows is one of ours, or one of the process.
func TestBoard(t *testing.T) {
	text, err := os.ReadFile("../../docs/grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(text) {
		t.Fatal("docs/grafana.json is no JSON")
	}
	source, err := os.ReadFile("collect.go")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?:counter|gauge|histogram)\("([a-z_]+)"`).FindAllSubmatch(source, -1) {
		known["pelton_"+string(m[1])] = true
	}
	shown := regexp.MustCompile(`pelton_[a-z_]+`).FindAllString(string(text), -1)
	if len(known) < 20 || len(shown) < 20 {
		t.Fatalf("%d metrics are known and %d shown", len(known), len(shown))
	}
	for _, name := range shown {
		if !known[name] {
			t.Errorf("the board shows %s, which is no metric", name)
		}
	}
}
