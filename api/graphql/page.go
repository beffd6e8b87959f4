package graphql

import (
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/graphql/exec"
)

// page is how many items a page may have.
func (r root) page(first *int) (int, error) {
	n := r.limits.first(first)
	if n < 1 || n > r.limits.Items {
		if n > r.limits.Items {
			r.svc.GraphQL.Refuse("items")
		}
		return 0, api.Errorf(api.InvalidArgument, "first: %d: want 1 to %d (api.graphql.items); more come with after", n, r.limits.Items)
	}
	return n, nil
}

// bounded refuses lists in arguments that are too long.
func bounded[T any](r root, name string, list []T) error {
	if len(list) > r.limits.Items {
		r.svc.GraphQL.Refuse("items")
		return api.Errorf(api.InvalidArgument, "%s: %d of them: api.graphql.items allows %d; send them in parts", name, len(list), r.limits.Items)
	}
	return nil
}

// info tells where a page lies whose items have these cursors.
func info(after *string, more bool, cursors []string) *exec.PageInfo {
	p := &exec.PageInfo{HasPreviousPage: or(after) != "", HasNextPage: more}
	if len(cursors) > 0 {
		p.StartCursor, p.EndCursor = &cursors[0], &cursors[len(cursors)-1]
	}
	return p
}

// keyCursor is the place behind a key. The mark before the key tells the empty one from the beginning.
func keyCursor(key string) string { return base64.RawURLEncoding.EncodeToString([]byte("k" + key)) }

// afterKey is the key of a cursor.
func afterKey(cursor *string) (key string, given bool, err error) {
	if or(cursor) == "" {
		return "", false, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(*cursor)
	key, ok := strings.CutPrefix(string(text), "k")
	if err != nil || !ok {
		return "", false, notCursor(*cursor)
	}
	return key, true, nil
}

// afterNumber is the number of a cursor of a history or the audit log.
func afterNumber(cursor *string) (uint64, error) {
	if or(cursor) == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(*cursor, 10, 64)
	if err != nil {
		return 0, notCursor(*cursor)
	}
	return n, nil
}

func notCursor(cursor string) error {
	return api.Errorf(api.InvalidArgument, "after: %.80q is no cursor of this list; give one of its edges, or endCursor", cursor)
}
