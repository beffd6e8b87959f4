package store

// The first byte of a key says what kind of record it is. The package that owns a space encodes the rest of the key
// with the helpers of key.go and is the only one that writes it. The numbers are part of the stored format: a number
// is never given to another kind.
const (
	SpaceStore      byte = 0x01 // the store's own: partitions and format; reads never show it, appends may not touch it
	SpaceMeta       byte = 0x02 // the engine's small facts about the wheel
	SpaceCheckpoint byte = 0x03 // lane → position, incarnation, source state
	SpaceMark       byte = 0x04 // effect ids above a lane's watermark (S2)

	SpaceLot    byte = 0x10 // parked deliveries
	SpaceDue    byte = 0x11 // parked deliveries by due time
	SpaceBehind byte = 0x12 // parked deliveries behind the head of their key, first in first out (D3)

	SpaceDead      byte = 0x18 // dead letters
	SpaceDeadIndex byte = 0x19 // dead letters by plugin, reason and time

	SpaceSnapshot  byte = 0x20 // snapshots of a session, by epoch and id
	SpaceHead      byte = 0x21 // the newest snapshot of a session
	SpaceLog       byte = 0x22 // the log of a session name
	SpaceTombstone byte = 0x23 // ended sessions and their epoch
	SpaceSession   byte = 0x24 // what else a session name keeps

	SpaceSink   byte = 0x30 // state of sinks
	SpaceIngest byte = 0x31 // messages pushed in and not yet settled
	SpaceKV     byte = 0x32 // plugins' own state

	SpaceArtifact byte = 0x40 // plugin artifacts by digest
	SpaceRevision byte = 0x41 // plugin revisions
	SpaceDesired  byte = 0x42 // the desired state of the wheel
)
