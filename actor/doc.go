// Package actor runs plugins: it holds the contract of a plugin runtime, the mailboxes, the supervision of instances
// and the swap of versions while messages flow. The runtimes are actor/native and actor/wasm; actor/actortest tells
// whether they keep the contract.
//
//	loop ──Offer(turn)──▶ mailbox ──▶ actor ──Handle(turn)──▶ instance of the version that works
//	  ▲                                │  ▲ └─ a fault in a probe, or its share of a canary ─▶ that of the old version
//	  └──────Reply(turn)───────────────┘  └─ Swap: a new instance, taken over between two turns
//
// # Usage
//
//	p, err := actor.Open(ctx, actor.Options{Env: env, Instances: 2}, actor.Version{Revision: 1, Module: module})
//	turn.Reply = func(t *actor.Turn) { completions <- t }
//	if !p.Offer(0, turn) { … } // the mailbox is full: wait for a Reply
//	result, err := p.Swap(ctx, actor.Version{Revision: 2, Module: next}, actor.Strategy{})
//
// # Ordering
//
// A mailbox is a queue: its turns are run one after the other, those of two mailboxes side by side. Within a turn the
// deliveries are run in order, and one that comes after another of its key only if that one was acked or dead (D3).
// Emits are owned copies and take effect, like settlements, only with Ack (E1). Across turns the loop keeps the order
// of a key: it offers the next message when the one before is decided.
//
// # Ownership
//
// One goroutine, the actor, serves a mailbox and owns the instances at it: the one that works and, during a probe, the
// paused one of the old version. A turn belongs to the loop, is lent to the actor by Offer and is back with Reply. A
// Module belongs to the Plugin from Open or Swap on, whatever they answer; it is closed after its last instance. There is no
// mutex on the path of a turn: Plugin.mu guards what changes at a swap, a takeover and Close, and an atomic flag tells
// the actor when to look.
//
// # Failure
//
// P1: a plugin that fails harms its own deliveries only. A turn that fails is discarded whole and its deliveries are
// run one by one, so that the one at fault is found without trusting the guest; it alone has Outcome.Fault. An instance
// that broke is closed and replaced, at once the first time and with back-off (10 ms … 5 s) while it breaks again
// before it did a turn; the mailbox stays and waits.
//
// An instance that holds more memory than limits.recycle after a turn is replaced before the next one, since a guest's never
// shrinks. That is no fault and counts as a restart; what it kept in its memory is lost.
//
// limits.time is of one delivery, and the runtime's business. The actor guards against turns that show no sign of life; see
// package guard.
//
// A native instance can't be stopped. When it is stuck, another actor with a new instance gets the mailbox (and the paused
// instance), and the stuck one keeps its turn, so that the views stay lent as long as somebody may read them. When it returns
// after all, its answer is ignored and counted, and its turn goes on with the new actor. While more than four instances of a
// mailbox are stuck, it waits. Close does not wait for them longer than its bound.
//
// # Swap
//
// Package rollout has the states and strategies, package health the judgement, docs/swap.md both for users. W1: an actor
// changes its version between two turns of an instance; every delivery is handled by one version, unless it failed. In a
// canary the old and the new instance sit at the same mailbox, and a turn is divided: a key's messages stay in one queue, so
// that its order holds while it moves (D3). W2: the new version's instances are all started before the first actor changes
// over, and the old ones stay, with their state, until the health window is over. A delivery that fails in a probe is run
// again by the old version, in the same turn, and so are the errors of the turn that revoked the new one: the loop does not
// see the fault, unless the window ended meanwhile, and it spends no attempt. W3: starting is bounded by SwapTimeout, a
// delivery by limits.time, the rest by what the strategy and the window say. One swap is under way at a time: until it is
// answered another is refused with its state; after an early live answer, the next one ends the window.
//
// # Testing
//
// Everything timed runs under testing/synctest. The random test prints its seed, and ACTOR_SEED replays it.
package actor
