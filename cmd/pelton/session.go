package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/client"
	"github.com/spf13/cobra"
)

// sessionCommand is `pelton session`.
func (a *app) sessionCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "session", Short: "List, show, follow and delete sessions",
		Long: `A session is an ordered series of snapshots by (name, key). Following one can stop at any
time and go on after the last cursor, without a hole and without a repeat.`,
		Example: "  pelton session follow airports ORD",
	}
	return a.wheelFlags(group(c, a.sessionList(), a.sessionShow(), a.sessionFollow(), a.sessionDelete()))
}

func (a *app) sessionList() *cobra.Command {
	c := &cobra.Command{
		Use:   "list [NAME]",
		Short: "List the session names, or the sessions of one",
		Long:  "List the session names of the config, or all sessions of one name by key.",
		Example: `  pelton session list
  pelton session list airports --json`,
		Args: args(0, 1, "at most one NAME"),
		RunE: func(c *cobra.Command, args []string) error {
			return a.call(func(w *client.Client) error {
				if len(args) == 0 {
					return a.sessionNames(c.Context(), w)
				}
				return a.sessionHeads(c.Context(), w, args[0])
			})
		},
	}
	return a.jsonFlag(c)
}

// call connects, does one thing and closes.
func (a *app) call(do func(*client.Client) error) error {
	w, err := a.connect()
	if err != nil {
		return err
	}
	defer w.Close()
	return do(w)
}

func (a *app) sessionNames(ctx context.Context, w *client.Client) error {
	names, err := w.Names(ctx)
	if err != nil {
		return err
	}
	if a.json {
		rows := make([]map[string]string, len(names))
		for i, n := range names {
			rows[i] = map[string]string{"name": n}
		}
		return a.printJSON(rows)
	}
	if len(names) == 0 {
		a.notef("no sessions in the config; add one under sessions:")
	}
	for _, n := range names {
		a.printf("%s\n", n)
	}
	return nil
}

func (a *app) sessionHeads(ctx context.Context, w *client.Client, name string) error {
	heads, err := w.AllHeads(ctx, name)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(list(heads))
	}
	if len(heads) == 0 {
		a.notef("no session of %s has a snapshot yet; `pelton session follow %s` waits for the first", name, name)
		return nil
	}
	rows := make([][]string, len(heads))
	for i, h := range heads {
		rows[i] = []string{h.Key, pelton.Cursor{Epoch: h.Epoch, ID: h.ID}.String(), when(h.Time, time.Now())}
	}
	a.table("KEY CURSOR TIME", rows)
	return nil
}

func (a *app) sessionShow() *cobra.Command {
	var id uint64
	c := &cobra.Command{
		Use:   "show NAME KEY",
		Short: "Show a session's newest snapshot",
		Long: `Show a session's newest snapshot, or the one with --id. With --json it is one object;
a payload that is no JSON is in payload_base64.`,
		Example: `  pelton session show airports ORD
  pelton session show airports ORD --json`,
		Args: args(2, 2, "NAME and KEY"),
		RunE: func(c *cobra.Command, args []string) error {
			return a.call(func(w *client.Client) error {
				s, err := w.Get(c.Context(), args[0], args[1], id)
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(api.DocumentOf(s))
				}
				a.pairs("session", s.Session+" "+s.Key, "cursor", s.Cursor().String(), "time", when(s.Time, time.Now()), "revision", madeBy(s))
				a.payload(s.Payload)
				return nil
			})
		},
	}
	c.Flags().Uint64Var(&id, "id", 0, "show this snapshot instead of the newest")
	return a.jsonFlag(c)
}

type followOptions struct {
	after string
	given bool
	limit uint64

	prefix string
	slow   string
}

// slow are the words of --slow.
var slow = map[string]api.Slow{"disconnect": api.SlowDisconnect, "conflate": api.SlowConflate, "block": api.SlowBlock}

func (a *app) sessionFollow() *cobra.Command {
	var o followOptions
	c := &cobra.Command{
		Use:   "follow NAME [KEY…]",
		Short: "Follow a session, several, or all of a name",
		Long: `Print the newest snapshot and then each as it comes, one a line, until a signal, or until
--limit of them. With --after CURSOR it goes on behind that snapshot; an empty cursor is
the beginning. Without KEY it follows every session of the name; its cursors begin with @.
Several keys, or --prefix, select some of them.

A wheel that restarts is waited for, and nothing is missed. Snapshots that retention has
removed are an error that says where to resume.`,
		Example: `  pelton session follow airports ORD
  pelton session follow airports ORD --after '' --limit 10 --json
  pelton session follow airports
  pelton session follow airports --prefix K`,
		Args: args(1, 1000, "NAME and KEYs"),
		RunE: func(c *cobra.Command, args []string) error {
			o.given = c.Flags().Changed("after")
			r := api.FollowRequest{Name: args[0], Prefix: o.prefix, Log: len(args) != 2 || o.prefix != ""}
			if r.Log {
				r.Keys = args[1:]
			} else {
				r.Key = args[1]
			}
			policy, known := slow[o.slow]
			if !known {
				return usagef("--slow %s: want disconnect, conflate or block", o.slow)
			}
			r.Slow = policy
			if err := o.start(&r); err != nil {
				return err
			}
			return a.call(func(w *client.Client) error { return a.follow(c.Context(), w, r, o.limit) })
		},
	}
	c.Flags().StringVar(&o.after, "after", "", "go on behind this `CURSOR`; empty is the beginning")
	c.Flags().StringVar(&o.prefix, "prefix", "", "sessions whose key begins with this `TEXT`")
	c.Flags().StringVar(&o.slow, "slow", "disconnect", "what happens when this is too slow: `disconnect`, conflate (leave out) or block (the session waits)")
	c.Flags().Uint64Var(&o.limit, "limit", 0, "end after so many snapshots")
	return a.jsonFlag(c)
}

// start puts --after into a request.
func (o followOptions) start(r *api.FollowRequest) error {
	if !o.given {
		return nil
	}
	r.From, r.After = api.FromAfter, o.after
	if o.after == "" {
		return nil
	}
	cursor, err := pelton.ParseCursor(o.after)
	switch {
	case err != nil:
		return usagef("--after: %v", err)
	case cursor.Log && !r.Log:
		return usagef("--after %s: this cursor is one of the whole name; leave the key out, or give a cursor of it", o.after)
	case !cursor.Log && r.Log:
		return usagef("--after %s: this cursor is one of a single key; give the key, or a cursor that begins with @", o.after)
	}
	return nil
}

func (a *app) follow(ctx context.Context, w *client.Client, r api.FollowRequest, limit uint64) error {
	lost := func(err error, wait time.Duration) {
		a.notef("pelton: connection lost (%v); trying again in %s", err, short(wait))
	}
	var seen uint64
	for e, err := range w.Follow(ctx, r, client.FollowOptions{Reconnect: true, Lost: lost}) {
		if err != nil {
			return err
		}
		if err := a.followed(e); err != nil {
			return err
		}
		if e.Kind == api.KindSnapshot {
			seen++
		}
		if limit > 0 && seen >= limit {
			return nil
		}
	}
	return nil
}

// followed prints one event of a follow.
func (a *app) followed(e api.Event) error {
	switch e.Kind {
	case api.KindSnapshot:
		if a.json {
			return a.document(api.DocumentOf(e.Snapshot))
		}
		a.printf("%s  %s  %s\n", e.Snapshot.Key, e.Cursor, line(e.Snapshot.Payload))
	case api.KindGap:
		a.notef("pelton: gap: snapshots after %s up to %s are missing (%v)", e.Gap.From, e.Gap.To, e.Gap.Reason)
	case api.KindDeleted:
		a.notef("pelton: session %s was deleted; its next life is followed", e.Key)
	default: // a shutdown is never told to a follower that reconnects
		a.notef("pelton: the session was closed after %s: nothing follows", e.Cursor)
	}
	return nil
}

func (a *app) sessionDelete() *cobra.Command {
	c := &cobra.Command{
		Use:   "delete NAME KEY",
		Short: "End a session",
		Long: `End a session: its snapshots go, its followers are told, and the next snapshot of its key
begins a new epoch with id 1. A reducer then begins with an empty state.`,
		Example: "  pelton session delete airports ORD",
		Args:    args(2, 2, "NAME and KEY"),
		RunE: func(c *cobra.Command, args []string) error {
			return a.call(func(w *client.Client) error {
				if err := w.Delete(c.Context(), args[0], args[1]); err != nil {
					return err
				}
				if a.json {
					return a.printJSON(map[string]any{"name": args[0], "key": args[1], "deleted": true})
				}
				a.printf("deleted session %s %s\n", args[0], args[1])
				return nil
			})
		},
	}
	return a.jsonFlag(c)
}

// madeBy is which revisions made a snapshot.
func madeBy(s *pelton.Snapshot) string {
	switch {
	case s.Reducer > 0 && s.Revision > 0:
		return fmt.Sprintf("%d, folded by %d", s.Revision, s.Reducer)
	case s.Reducer > 0:
		return fmt.Sprintf("folded by %d", s.Reducer)
	case s.Revision > 0:
		return strconv.Itoa(s.Revision)
	}
	return ""
}
