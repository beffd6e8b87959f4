package graphql_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/graphql"
)

type entries []api.Entry

func (e entries) Record(api.Entry) {}

func (e entries) Entries(before uint64, limit int) (page []api.Entry) {
	for _, entry := range e {
		if (before == 0 || entry.ID < before) && len(page) < limit {
			page = append(page, entry)
		}
	}
	return page
}

// The audit log is read from the newest entry on.
func TestAudit(t *testing.T) {
	t.Parallel()
	log := entries{{ID: 3, Who: "ops", Act: "Swap"}, {ID: 2, Who: "ops", Act: "Delete"}, {ID: 1, Who: "ci", Act: "Push"}}
	svc := api.New(api.Backend{Guard: api.Guard{Log: log}})
	t.Cleanup(svc.Close)
	server := httptest.NewServer(graphql.New(svc, graphql.Options{}))
	t.Cleanup(server.Close)
	for query, want := range map[string]string{
		`{audit(first:2){edges{cursor node{id who act}}pageInfo{hasNextPage endCursor}}}`: `{"audit":{"edges":[{"cursor":"3","node":{"id":"3","who":"ops","act":"Swap"}},{"cursor":"2","node":{"id":"2","who":"ops","act":"Delete"}}],"pageInfo":{"hasNextPage":true,"endCursor":"2"}}}`,
		`{audit(after:"2"){edges{node{id}}pageInfo{hasNextPage hasPreviousPage}}}`:        `{"audit":{"edges":[{"node":{"id":"1"}}],"pageInfo":{"hasNextPage":false,"hasPreviousPage":true}}}`,
	} {
		if _, body := ask(t, server, http.MethodPost, query); body != `{"data":`+want+`}` {
			t.Errorf("%s: %s\nwant %s", query, body, want)
		}
	}
}
