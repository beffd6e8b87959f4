package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/peltonhq/pelton/api"
)

// auditCommand is `pelton audit`.
func (a *app) auditCommand() *cobra.Command {
	limit := 0
	c := &cobra.Command{
		Use:   "audit",
		Short: "List who changed the wheel",
		Long: `List who changed the wheel, from where, what came of it and why, the newest first. It needs the
scope admin. The wheel keeps the newest 10,000 to 20,000 entries for this, and more in
audit.jsonl in the directory of its store.`,
		Example: "  pelton audit --limit 20",
		Args:    args(0, 0, "nothing"),
		RunE:    func(c *cobra.Command, _ []string) error { return a.audit(c.Context(), limit) },
	}
	c.Flags().IntVar(&limit, "limit", 0, "list at most `N` (default all)")
	return a.wheelFlags(a.jsonFlag(c))
}

func (a *app) audit(ctx context.Context, limit int) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	all := []api.Entry{}
	for before := uint64(0); limit <= 0 || len(all) < limit; {
		page, next, err := c.Audit(ctx, before, max(0, limit-len(all)))
		if err != nil {
			return err
		}
		all = append(all, page...)
		if before = next; before == 0 {
			break
		}
	}
	if a.json {
		return a.printJSON(all)
	}
	rows := make([][]string, len(all))
	for i, e := range all {
		rows[i] = []string{e.Time.Local().Format(time.DateTime), e.Who, e.From, e.Act, e.On, e.Outcome, e.Reason, e.Why} //nolint:gosmopolitan // for people at this machine
	}
	a.table("TIME WHO FROM ACT ON OUTCOME REASON WHY", rows)
	return nil
}
