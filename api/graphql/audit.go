package graphql

import (
	"context"

	"github.com/peltonhq/pelton/api/graphql/model"
)

func (q query) Audit(ctx context.Context, before *uint64, limit *int) (*model.AuditPage, error) {
	page, next, err := q.svc.Audit(ctx, or(before), or(limit))
	return &model.AuditPage{Items: page, Next: next}, err
}
