package intake

import (
	"context"

	"github.com/peltonhq/pelton/store"
)

// Append pushes an append and waits for its outcome, or for ctx.
func (q *Queue) Append(ctx context.Context, t store.Token, records []store.Record) (store.Pos, error) {
	type outcome struct {
		pos store.Pos
		err error
	}
	if err := ctx.Err(); err != nil {
		return store.Pos{}, err
	}
	c := make(chan outcome, 1)
	q.Push(Request{Token: t, Records: records, Done: func(p store.Pos, err error) { c <- outcome{p, err} }})
	select {
	case o := <-c:
		return o.pos, o.err
	case <-ctx.Done():
		return store.Pos{}, ctx.Err()
	}
}

// Claim pushes a claim and waits for its outcome, or for ctx.
func (q *Queue) Claim(ctx context.Context, partition string) (store.Token, error) {
	type outcome struct {
		token store.Token
		err   error
	}
	if err := ctx.Err(); err != nil {
		return store.Token{}, err
	}
	c := make(chan outcome, 1)
	q.Push(Request{Token: store.Token{Partition: partition}, Claimed: func(t store.Token, err error) { c <- outcome{t, err} }})
	select {
	case o := <-c:
		if o.err != nil {
			return store.Token{}, o.err
		}
		return o.token, nil
	case <-ctx.Done():
		return store.Token{}, ctx.Err()
	}
}
