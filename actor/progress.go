package actor

import "github.com/peltonhq/pelton/actor/rollout"

// Rollout tells of the swap under way, or of the open health window of the last one; nil when there is neither.
func (p *Plugin) Rollout() *Rollout {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.probe != nil {
		return p.probe.Progress()
	}
	if p.busy != nil {
		return &Rollout{Strategy: p.busy.kind, State: p.busy.state, Revision: p.busy.revision}
	}
	return nil
}

// Revert takes back the version that a swap brings in, also one whose health window is still open. It does not wait: the swap
// answers. False means that there is none, or that it is still loading.
func (p *Plugin) Revert(reason string) bool {
	p.mu.Lock()
	probe := p.probe
	p.mu.Unlock()
	if probe == nil || !probe.Decide(rollout.Revoked, reason) {
		return false
	}
	p.callAll()
	return true
}

// Pause has the plugin do nothing, or ends that: a turn in progress ends, and the mailboxes fill, so that its lanes pause. A
// canary or shadow under way is taken back, since nothing shows how it does; an immediate swap goes on.
func (p *Plugin) Pause(on bool) {
	p.mu.Lock()
	p.idle = on
	probe := p.probe
	p.mu.Unlock()
	if on && probe != nil && probe.Comparing() {
		probe.Decide(rollout.Revoked, "the plugin was paused")
	}
	p.callAll()
}
