package actortest

import (
	"strings"
	"testing"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
)

// testHTTP: a delivery that makes a request awaits, and reads the response when it is offered with it.
func (k Kit) testHTTP(t *testing.T) {
	p := k.granted(t, new(KV))
	turn := offer(t, p, Turn("fetch put http://a:1/é?q body", "emit 1 1;fetch get http://b:2/ ", "fetch get http://c/ ;ack", "response"))
	turn.Deliveries[3].After = -1
	var got []string
	for i := range turn.Requests {
		r := &turn.Requests[i]
		text := []string{r.Method, r.URL, string(r.Body)}
		for _, h := range r.Headers {
			text = append(text, h.Name+"="+h.Value)
		}
		got = append(got, strings.Join(text, " "))
	}
	want := []string{"put http://a:1/é?q body X-One=1 X-Two=a: b", "get http://b:2/  X-One=1 X-Two=a: b"}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("requests %q, want %q", got, want)
	}
	for i, want := range []pelton.Decision{pelton.DecisionAwait, pelton.DecisionAwait, pelton.DecisionAck, pelton.DecisionAck} {
		if o := turn.Outcomes[i]; o.Verdict.Decision != want || o.Fault != nil {
			t.Errorf("delivery %d: %v, fault %v; want %v", i, o.Verdict, o.Fault, want)
		}
	}
	if got := only(t, turn, 3); got != "-" {
		t.Errorf("without a request the response is %q", got)
	}
	k.testResponses(t, p)
}

func (k Kit) testResponses(t *testing.T, p *actor.Plugin) {
	t.Helper()
	large := strings.Repeat("x", 100_000)
	responses := []*pelton.Response{
		{Status: 200, Body: []byte("é"), Headers: []pelton.Header{{Name: "A", Value: "1: 2"}, {Name: "B"}}},
		{Status: 503, Error: pelton.ResponseTooLarge, Reason: "too much"},
		{Error: pelton.ResponseTimeout, Reason: "10s"},
		{Status: 200, Body: []byte(large)},
		{Status: 200, Body: []byte("of another version")},
	}
	turn := Turn("response", "response", "response", "length", "response")
	for i, r := range responses {
		turn.Deliveries[i].Response, turn.Deliveries[i].Asker = r, 1
	}
	turn.Deliveries[4].Asker = 7
	turn = offer(t, p, turn)
	for i, want := range []string{"200 é A=1: 2 B=", "503  too_large too much", "0  timeout 10s", "100000", "-"} {
		acked(t, turn, i)
		if got := only(t, turn, i); got != want {
			t.Errorf("response %d was read as %q, want %q", i, got, want)
		}
	}
}

// testHTTPFaults: what is not in the contract fails its delivery only.
func (k Kit) testHTTPFaults(t *testing.T) {
	p := k.granted(t, new(KV))
	for command, kind := range inOrder(map[string]actor.FaultKind{
		"fetch get http://a/ x;fetch get http://a/ y":        actor.FaultMalformed,
		"fetch get http://a/ " + strings.Repeat("x", 70_000): actor.FaultOutput,
		"await": actor.FaultMalformed,
	}) {
		turn := offer(t, p, Turn("put a 1", command, "fetch get http://b/ "))
		faulty(t, turn, 1, kind)
		acked(t, turn, 0)
		if len(turn.Requests) != 1 || turn.Requests[0].Delivery != 2 || turn.Outcomes[2].Verdict.Decision != pelton.DecisionAwait {
			t.Errorf("%.20q: requests %+v, outcome %v", command, turn.Requests, turn.Outcomes[2])
		}
	}
}

// testHTTPDenied: as testKVDenied.
func (k Kit) testHTTPDenied(t *testing.T) {
	env := Env("{}")
	env.KV = new(KV)
	k.denied(t, env, "fetch get http://a/ ", "http", "capabilities: {http: {allow:")
}
