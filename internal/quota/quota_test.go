package quota_test

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peltonhq/pelton/internal/quota"
)

func TestQuota(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := quota.New(2, 3)
		for i := range 3 {
			if !q.Left("a") || !q.Allow("a") {
				t.Errorf("call %d of the burst", i)
			}
		}
		if q.Left("a") || q.Allow("a") || !q.Allow("b") {
			t.Error("behind the burst")
		}
		time.Sleep(time.Second)
		for i, want := range []bool{true, true, false} {
			if q.Allow("a") != want {
				t.Errorf("call %d a second later", i)
			}
		}
		// As many keys as anybody may make up: memory stays bounded, and what is full is forgotten without a loss.
		for i := range 50_000 {
			q.Allow(strconv.Itoa(i))
		}
		if n := q.Len(); n > 10_000 {
			t.Errorf("%d keys are remembered", n)
		}
		none := quota.New(0, 1)
		if !none.Left("a") || !none.Allow("a") {
			t.Error("without a rate there is a limit")
		}
	})
}
