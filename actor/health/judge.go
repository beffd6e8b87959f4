package health

import (
	"cmp"
	"fmt"
	"math"
	"time"
)

// Policy judges a new version on its first deliveries (W2), by fixed bounds and by the old version's figures. A zero bound
// that has no default is none.
type Policy struct {
	Window       time.Duration // how long after the change over the old version is kept; default 10 s
	MaxErrorRate float64       // errors per delivery, 0 … 1; a negative rate allows none; default 0.05
	MinSamples   int           // deliveries before a rate counts; default 10
	MaxIncrease  float64       // of the error rate over the old version's; negative: not compared; default 0.005

	MaxLatency         time.Duration // p99 of the time per delivery
	MaxLatencyIncrease float64       // the same in multiples of the old version's; below Slight it is not compared
	MaxMemory          int64         // bytes of one instance
	MaxMemoryIncrease  float64       // of the mean of instances, in multiples of the old version's
}

// Defaults sets what is zero.
func (p *Policy) Defaults() {
	p.Window = cmp.Or(p.Window, 10*time.Second)
	p.MaxErrorRate = cmp.Or(p.MaxErrorRate, 0.05)
	p.MinSamples = cmp.Or(p.MinSamples, 10)
	p.MaxIncrease = cmp.Or(p.MaxIncrease, 0.005)
}

const (
	// Alpha is the probability that a version which is no worse than the one before is taken for worse.
	Alpha = 0.001
	// Slight is a latency that is good enough whatever the version before had: small turns cost more per delivery.
	Slight = time.Millisecond

	growth  = 1.1 // of a sample between two looks
	fewest  = 100 // turns of the old version, before its latency is one to compare with
	hundred = 0.01
)

// Judge looks at the figures of two versions now and then.
type Judge struct {
	Policy

	looks int
	next  uint64 // deliveries of the new version from which the next look is taken
}

// Rate judges the new version's errors alone; it may be asked after every delivery. It is the reason of a breach, or empty.
func (j *Judge) Rate(s *Sample) string {
	if s.Deliveries < uint64(j.MinSamples) || float64(s.Errors) <= j.allowed(s) {
		return ""
	}
	return fmt.Sprintf("%d of %d deliveries were errors, more than max_error_rate %v", s.Errors, s.Deliveries, j.MaxErrorRate)
}

// Steady reports whether there are enough samples, and the errors among them are at most half of what is allowed.
func (j *Judge) Steady(s *Sample) bool {
	return s.Deliveries >= uint64(j.MinSamples) && 2*float64(s.Errors) <= j.allowed(s)
}

func (j *Judge) allowed(s *Sample) float64 { return max(j.MaxErrorRate, 0) * float64(s.Deliveries) }

// Look compares the versions. It is the reason of a breach, or empty. last says that no other look follows, so that it is
// taken however little the sample has grown.
func (j *Judge) Look(old, next *Sample, last bool) string {
	if reason := j.memory(old, next); reason != "" {
		return reason
	}
	if next.Deliveries < max(j.next, uint64(j.MinSamples), 1) && (!last || next.Deliveries < uint64(max(j.MinSamples, 1))) {
		return ""
	}
	j.looks++
	j.next = uint64(math.Ceil(float64(next.Deliveries) * growth))
	chance := Alpha / float64(j.looks*(j.looks+1))
	if reason := j.increase(old, next, chance); reason != "" {
		return reason
	}
	return j.latency(old, next, chance)
}

func (j *Judge) increase(old, next *Sample, chance float64) string {
	if j.MaxIncrease <= 0 || old.Deliveries == 0 || next.ErrorRate()-old.ErrorRate() <= j.MaxIncrease {
		return ""
	}
	if fisher(next.Errors, next.Deliveries, old.Errors, old.Deliveries) >= chance {
		return ""
	}
	return fmt.Sprintf("%d of %d deliveries were errors (%.2f %%), of the version before %d of %d (%.2f %%): more than max_increase %v above it",
		next.Errors, next.Deliveries, 100*next.ErrorRate(), old.Errors, old.Deliveries, 100*old.ErrorRate(), j.MaxIncrease)
}

func (j *Judge) latency(old, next *Sample, chance float64) string {
	if j.MaxLatency > 0 && slower(next, j.MaxLatency, chance) {
		return fmt.Sprintf("p99 of the time per message is %v, more than max_latency %v", next.Quantile(1-hundred), j.MaxLatency)
	}
	if j.MaxLatencyIncrease <= 0 || old.turns < fewest {
		return ""
	}
	before := old.Quantile(1 - hundred)
	if !slower(next, max(Slight, time.Duration(float64(before)*j.MaxLatencyIncrease)), chance) {
		return ""
	}
	return fmt.Sprintf("p99 of the time per message is %v, of the version before %v: more than max_latency_increase %v times",
		next.Quantile(1-hundred), before, j.MaxLatencyIncrease)
}

// slower reports whether more than one turn in a hundred is above a limit, and that this is no chance.
func slower(s *Sample, limit time.Duration, chance float64) bool {
	return s.Quantile(1-hundred) > limit && binomial(s.above(limit), s.turns, hundred) < chance
}

func (j *Judge) memory(old, next *Sample) string {
	if j.MaxMemory > 0 && next.Largest > j.MaxMemory {
		return fmt.Sprintf("an instance holds %d bytes of memory, more than max_memory %d", next.Largest, j.MaxMemory)
	}
	if j.MaxMemoryIncrease <= 0 || old.Instances == 0 || old.Memory == 0 || next.Instances == 0 {
		return ""
	}
	before, now := old.Memory/int64(old.Instances), next.Memory/int64(next.Instances)
	if float64(now) <= float64(before)*j.MaxMemoryIncrease {
		return ""
	}
	return fmt.Sprintf("an instance holds %d bytes of memory, of the version before %d: more than max_memory_increase %v times", now, before, j.MaxMemoryIncrease)
}

// fisher is the probability that of all errors at least x fall among the n of the new version, when they are spread by
// chance over those and the m of the old one, which has y.
func fisher(x, n, y, m uint64) float64 {
	errors, all := x+y, n+m
	term := math.Exp(choose(n, x) + choose(m, y) - choose(all, errors))
	sum := term
	for k := x; k < min(errors, n); k++ {
		term *= float64(errors-k) * float64(n-k) / (float64(k+1) * float64(m-(errors-k)+1))
		if sum += term; term < sum*negligible {
			break
		}
	}
	return min(sum, 1)
}

// binomial is the probability of at least x of n, when each has probability p.
func binomial(x, n uint64, p float64) float64 {
	term := math.Exp(choose(n, x) + float64(x)*math.Log(p) + float64(n-x)*math.Log1p(-p))
	sum := term
	for k := x; k < n; k++ {
		term *= float64(n-k) / float64(k+1) * p / (1 - p)
		if sum += term; term < sum*negligible {
			break
		}
	}
	return min(sum, 1)
}

const negligible = 1e-12

// choose is the logarithm of the number of ways to take k of n.
func choose(n, k uint64) float64 {
	a, _ := math.Lgamma(float64(n) + 1)
	b, _ := math.Lgamma(float64(k) + 1)
	c, _ := math.Lgamma(float64(n-k) + 1)
	return a - b - c
}
