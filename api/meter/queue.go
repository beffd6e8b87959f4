package meter

// QueueStats are the figures of the durable queue before a source; zero if it has none.
type QueueStats struct {
	Bytes   uint64 `json:"bytes"`   // that wait
	Limit   uint64 `json:"limit"`   // bytes at which senders are told to wait
	Refused uint64 `json:"refused"` // publications that were refused because it was full
	Waits   uint64 `json:"waits"`   // publications that waited for room
	Known   uint64 `json:"known"`   // publications that were there already, by their idempotency key
	Denied  uint64 `json:"denied"`  // what was turned away whatever the queue: log-ins, topics and subscriptions of MQTT, QoS 2
}
