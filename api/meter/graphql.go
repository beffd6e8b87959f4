package meter

import (
	"maps"
	"sync"
)

// GraphQLStats are the figures of the GraphQL endpoint.
type GraphQLStats struct {
	Sockets       int               `json:"sockets"`       // WebSockets that are open
	Subscriptions int               `json:"subscriptions"` // under way, over WebSocket and SSE
	Refused       map[string]uint64 `json:"refused"`       // what was turned away or cut off, by the limit of api.graphql
}

// GraphQL counts what the GraphQL endpoint does. Its zero value is ready; any goroutine may use it.
type GraphQL struct {
	mu    sync.Mutex
	stats GraphQLStats
}

// Refuse counts what was turned away by the limit of that name.
func (m *GraphQL) Refuse(limit string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stats.Refused == nil {
		m.stats.Refused = map[string]uint64{}
	}
	m.stats.Refused[limit]++
}

// Sockets adds to the number of WebSockets that are open.
func (m *GraphQL) Sockets(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stats.Sockets += n
}

// Subscriptions adds to the number of subscriptions under way.
func (m *GraphQL) Subscriptions(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stats.Subscriptions += n
}

// Stats are the figures now.
func (m *GraphQL) Stats() *GraphQLStats {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := m.stats
	if out.Refused = maps.Clone(out.Refused); out.Refused == nil {
		out.Refused = map[string]uint64{}
	}
	return &out
}
