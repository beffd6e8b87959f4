package health

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func sample(deliveries, errors int, took time.Duration) *Sample {
	s := new(Sample)
	for i := range deliveries {
		wrong := 0
		if i < errors {
			wrong = 1
		}
		s.Add(1, wrong, took)
	}
	return s
}

// The exact values are of the hypergeometric and the binomial distribution, computed with whole numbers.
func TestTests(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ got, want float64 }{
		"tea":       {fisher(3, 4, 1, 4), 17. / 70},
		"all tea":   {fisher(4, 4, 0, 4), 1. / 70},
		"no errors": {fisher(0, 10, 0, 10), 1},
		"one":       {fisher(1, 10, 0, 990), 0.01},
		"ten heads": {binomial(10, 10, 0.5), 1. / 1024},
		"any":       {binomial(0, 10, 0.01), 1},
		"two":       {binomial(2, 3, 0.5), 0.5},
	}
	for name, c := range cases {
		if math.Abs(c.got-c.want) > 1e-9 {
			t.Errorf("%s: %v, want %v", name, c.got, c.want)
		}
	}
}

func TestLook(t *testing.T) {
	t.Parallel()
	policy := Policy{
		MaxErrorRate: 0.05, MinSamples: 100, MaxIncrease: 0.005,
		MaxLatency: 50 * time.Millisecond, MaxLatencyIncrease: 3, MaxMemory: 1000, MaxMemoryIncrease: 2,
	}
	heavy := func(bytes int64) *Sample {
		s := sample(100, 0, time.Microsecond)
		s.Memory, s.Largest, s.Instances = 2*bytes, bytes, 2
		return s
	}
	cases := map[string]struct {
		old, new *Sample
		reason   string
	}{
		"equal":             {sample(1000, 10, time.Microsecond), sample(1000, 10, time.Microsecond), ""},
		"one error of few":  {sample(1000, 0, time.Microsecond), sample(100, 1, time.Microsecond), ""},
		"1 % more":          {sample(20000, 20, time.Microsecond), sample(2000, 22, time.Microsecond), "22 of 2000 deliveries were errors (1.10 %), of the version before 20 of 20000 (0.10 %)"},
		"more, but allowed": {sample(100000, 0, time.Microsecond), sample(100000, 400, time.Microsecond), ""},
		"too few":           {sample(1000, 0, time.Microsecond), sample(99, 99, time.Microsecond), ""},
		"no old":            {sample(0, 0, 0), sample(1000, 40, time.Microsecond), ""},
		"slow":              {sample(0, 0, 0), sample(200, 0, 80*time.Millisecond), "more than max_latency 50ms"},
		"slower":            {sample(1000, 0, time.Millisecond), sample(200, 0, 10*time.Millisecond), "more than max_latency_increase 3 times"},
		"slower, slightly":  {sample(1000, 0, time.Microsecond), sample(200, 0, 500*time.Microsecond), ""},
		"large":             {heavy(900), heavy(1100), "an instance holds 1100 bytes of memory, more than max_memory 1000"},
		"larger":            {heavy(300), heavy(700), "an instance holds 700 bytes of memory, of the version before 300"},
		"no larger":         {heavy(300), heavy(600), ""},
	}
	for name, c := range cases {
		j := Judge{Policy: policy}
		if got := j.Look(c.old, c.new, false); !strings.Contains(got, c.reason) || (got == "") != (c.reason == "") {
			t.Errorf("%s: %q, want %q", name, got, c.reason)
		}
	}
}

// watch feeds both versions as a canary does, and tells after how many deliveries of the new one there was a breach.
func watch(r *rand.Rand, share, before, after float64, total int) (at uint64) {
	j := Judge{Policy: Policy{MaxErrorRate: 1, MinSamples: 100, MaxIncrease: 0.005}}
	var old, next Sample
	for range total {
		s, rate := &old, before
		if r.Float64() < share {
			s, rate = &next, after
		}
		wrong := 0
		if r.Float64() < rate {
			wrong = 1
		}
		s.Add(1, wrong, time.Microsecond)
		if s == &next && j.Look(&old, &next, false) != "" {
			return next.Deliveries
		}
	}
	return 0
}

// A version that is no worse stays, whatever both fail of; one that fails a hundredth of the messages more goes back.
func TestChance(t *testing.T) {
	t.Parallel()
	const seed = 7
	r := rand.New(rand.NewPCG(seed, seed))
	flaps := 0
	for range 200 {
		for _, rate := range []float64{0, 0.002, 0.02, 0.2} {
			if watch(r, 0.05, rate, rate, 20_000) > 0 {
				flaps++
			}
		}
	}
	if flaps > 3 {
		t.Errorf("seed %d: %d of 800 versions that are no worse were sent back", seed, flaps)
	}
	for _, rate := range []float64{0, 0.001, 0.01} {
		for range 50 {
			if at := watch(r, 0.05, rate, rate+0.01, 400_000); at == 0 {
				t.Errorf("seed %d: a version that fails 1 %% more than %v of the messages was not caught", seed, rate)
			}
		}
	}
}

func TestQuantile(t *testing.T) {
	t.Parallel()
	var s Sample
	for i := range 1000 {
		s.Add(1, 0, time.Duration(i+1)*time.Millisecond)
	}
	for q, want := range map[float64]time.Duration{0.5: 500 * time.Millisecond, 0.99: 990 * time.Millisecond} {
		if got := s.Quantile(q); got < want || float64(got) > 1.13*float64(want) {
			t.Errorf("quantile %v: %v, want about %v", q, got, want)
		}
	}
	for b := range buckets - 1 {
		if low := ceiling(b); bucket(low) != b+1 || bucket(low-1) != b {
			t.Fatalf("bucket %d ends at %v, which is in bucket %d", b, low, bucket(low))
		}
	}
	if (&Sample{}).Quantile(0.5) != 0 {
		t.Error("an empty sample has a quantile")
	}
}

// What is older than two spans is forgotten.
func TestRecent(t *testing.T) {
	t.Parallel()
	var r Recent
	r.Add(0, time.Second, 10, 1, time.Millisecond)
	r.Fault(true)
	r.Add(1500*time.Millisecond, time.Second, 10, 0, time.Millisecond)
	if s := r.Sample(); s.Deliveries != 20 || s.Errors != 1 || s.Timeouts != 1 {
		t.Errorf("%d deliveries, %d errors", s.Deliveries, s.Errors)
	}
	r.Add(3*time.Second, time.Second, 10, 0, time.Millisecond)
	if s := r.Sample(); s.Deliveries != 20 || s.Errors != 0 {
		t.Errorf("%d deliveries, %d errors; the first ten are old", s.Deliveries, s.Errors)
	}
}
