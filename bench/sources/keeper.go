package sources

import (
	"encoding/binary"
	"errors"
	"os"

	"github.com/cockroachdb/pebble/v2"
	"github.com/tidwall/gjson"
)

// keeper is what a consumer written by hand does to have sessions: it numbers the messages of each key, and puts message
// and number into Pebble, with fsync before anything is acknowledged. It has no marks against messages that come again, no
// log that somebody could follow, and numbers that are lost with the process. A nil one does nothing.
type keeper struct {
	dir   string
	db    *pebble.DB
	batch *pebble.Batch
	ids   map[string]uint64
}

func newKeeper(dir string) (*keeper, error) {
	dir, err := os.MkdirTemp(dir, "keeper-")
	if err != nil {
		return nil, err
	}
	db, err := pebble.Open(dir, &pebble.Options{Logger: silent{}})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return &keeper{dir: dir, db: db, batch: db.NewBatch(), ids: map[string]uint64{}}, nil
}

func (k *keeper) close() error {
	return errors.Join(k.batch.Close(), k.db.Close(), os.RemoveAll(k.dir))
}

// add takes a message; it keeps no byte of it.
func (k *keeper) add(message []byte) {
	if k == nil {
		return
	}
	key := gjson.GetBytes(message, "key").String()
	k.ids[key]++
	id := binary.BigEndian.AppendUint64(nil, k.ids[key])
	_ = k.batch.Set(append([]byte("s/"+key+"/"), id...), message, nil) // in memory: it cannot fail
	_ = k.batch.Set([]byte("h/"+key), id, nil)
}

// sync makes what was added durable.
func (k *keeper) sync() error {
	if k == nil || k.batch.Empty() {
		return nil
	}
	if err := k.batch.Commit(pebble.Sync); err != nil {
		return err
	}
	k.batch = k.db.NewBatch()
	return nil
}

// silent is a logger of Pebble.
type silent struct{}

func (silent) Infof(string, ...any)  {}
func (silent) Errorf(string, ...any) {}
func (silent) Fatalf(format string, args ...any) {
	panic("pebble: " + format)
}
