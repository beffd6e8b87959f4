package graphql

import (
	"context"
	"strconv"

	"github.com/peltonhq/pelton/api/graphql/exec"
)

// Audit gives a page of the audit log, the newest first: its cursors are ids.
func (q query) Audit(ctx context.Context, first *int, after *string) (*exec.AuditConnection, error) {
	n, err := q.page(first)
	if err != nil {
		return nil, err
	}
	before, err := afterNumber(after)
	if err != nil {
		return nil, err
	}
	page, next, err := q.svc.Audit(ctx, before, n)
	if err != nil {
		return nil, err
	}
	out := &exec.AuditConnection{Edges: make([]exec.AuditEdge, len(page))}
	cursors := make([]string, len(page))
	for i := range page {
		cursors[i] = strconv.FormatUint(page[i].ID, 10)
		out.Edges[i] = exec.AuditEdge{Cursor: cursors[i], Node: &page[i]}
	}
	out.PageInfo = info(after, next != 0, cursors)
	return out, nil
}
