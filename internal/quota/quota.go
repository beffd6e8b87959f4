package quota

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// most is how many keys are remembered before those with a full bucket are forgotten, which loses nothing.
const most = 10_000

// Quota is a bucket for each key. The nil Quota has no limit. It may be used from any goroutine.
type Quota struct {
	rate  rate.Limit
	burst int

	mu   sync.Mutex
	keys map[string]*rate.Limiter
}

// New gives each key so many a second, and so many at once. Without a rate it is nil.
func New(perSecond float64, burst int) *Quota {
	if perSecond <= 0 {
		return nil
	}
	return &Quota{rate: rate.Limit(perSecond), burst: max(1, burst), keys: map[string]*rate.Limiter{}}
}

// Allow takes one token of the key's bucket; false when it is empty.
func (q *Quota) Allow(key string) bool { return q == nil || q.bucket(key).Allow() }

// Left reports whether the key's bucket has a token, and takes none.
func (q *Quota) Left(key string) bool { return q == nil || q.bucket(key).Tokens() >= 1 }

func (q *Quota) bucket(key string) *rate.Limiter {
	q.mu.Lock()
	defer q.mu.Unlock()
	l, ok := q.keys[key]
	if ok {
		return l
	}
	if len(q.keys) >= most {
		q.forget()
	}
	l = rate.NewLimiter(q.rate, q.burst)
	q.keys[key] = l
	return l
}

// forget lets go of full buckets. When all are in use, of all: better than to grow without end, or to refuse newcomers.
func (q *Quota) forget() {
	now := time.Now()
	for key, l := range q.keys {
		if l.TokensAt(now) >= float64(q.burst) {
			delete(q.keys, key)
		}
	}
	if len(q.keys) >= most {
		clear(q.keys)
	}
}

// Len is how many keys are remembered.
func (q *Quota) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.keys)
}
