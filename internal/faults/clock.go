package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/peltonhq/pelton/internal/faults/record"
)

// clockVariable names the file by which a clock is set, for programs that were built with a clock that can be.
const clockVariable = "FAULTS_CLOCK"

// jump is added to package time: seconds by which the machine's clock is wrong, from a file that is mapped, so that a
// jump is there at once and in every process.
const jump = `package time

import (
	"sync/atomic"
	"syscall"
	"unsafe"
)

var jumped *int64

func init() {
	path, ok := syscall.Getenv("` + clockVariable + `")
	if !ok {
		return
	}
	fd, err := syscall.Open(path, syscall.O_RDONLY, 0)
	if err != nil {
		panic(err)
	}
	b, err := syscall.Mmap(fd, 0, 8, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		panic(err)
	}
	jumped = (*int64)(unsafe.Pointer(&b[0]))
}

func jump() int64 {
	if jumped == nil {
		return 0
	}
	return atomic.LoadInt64(jumped)
}
`

// reading is the line of package time that reads the clock of the wall.
const reading = "sec, nsec, mono := runtimeNow()\n"

// overlay writes what makes the go command build programs whose clock can be set: the product knows nothing of it.
func overlay(ctx context.Context, dir string) (file string, err error) {
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return "", err
	}
	src := filepath.Join(strings.TrimSpace(string(root)), "src", "time")
	text, err := os.ReadFile(filepath.Join(src, "time.go"))
	if err != nil {
		return "", err
	}
	if strings.Count(string(text), reading) != 1 {
		return "", fmt.Errorf("%s/time.go does not read the clock by %q once: see what it does in this version of Go", src, reading)
	}
	changed := strings.Replace(string(text), reading, reading+"\tsec += jump()\n", 1)
	places := map[string]string{"time.go": changed, "jump.go": jump}
	replace := map[string]string{}
	for name, text := range places {
		path := filepath.Join(dir, "time-"+name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return "", err
		}
		replace[filepath.Join(src, name)] = path
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	file = filepath.Join(dir, "overlay.json")
	return file, os.WriteFile(file, list, 0o600)
}

// clock is a machine's clock that can be set.
type clock struct {
	path   string // of the file that the programs map
	offset time.Duration
	most   time.Duration // that offset ever was
}

// set makes the clock jump, and logs what it had shown at last: what is due by that may be on its way.
func (c *clock) set(offset time.Duration, log *record.Log) error {
	f, err := os.OpenFile(c.path, os.O_RDWR, 0) // never made anew: it is mapped
	if err != nil {
		return err
	}
	ticks := record.Ticks()
	_, err = f.WriteAt(binary.NativeEndian.AppendUint64(nil, uint64(int64(offset/time.Second))), 0)
	last := time.Now().Add(c.offset)
	c.offset = offset.Truncate(time.Second)
	c.most = max(c.most, c.offset)
	return errors.Join(err, f.Close(), log.Write(record.Delivery{Message: record.None, Ticks: ticks, At: last.UnixNano()}))
}

// clock makes the machine's clock jump forth and back, by up to a day and at any time, and kills a wheel now and then.
func (s *suite) clock(ctx context.Context, name, source string) (row Row, err error) {
	lives, jumps := 3, 2
	if s.long {
		lives, jumps = 10, 3
	}
	list, err := overlay(ctx, s.dir)
	if err != nil {
		return row, err
	}
	hands := &clock{path: filepath.Join(s.dir, name+"-offset")}
	w := where{
		source: source, store: "sync: always", env: []string{clockVariable + "=" + hands.path},
		binary: filepath.Join(s.dir, "jump-pelton"), plugin: filepath.Join(s.dir, "jump-plugin"),
	}
	err = errors.Join(
		os.WriteFile(hands.path, make([]byte, 8), 0o600),
		compile(ctx, "../..", w.binary, "./cmd/pelton", "-overlay", list),
		compile(ctx, ".", w.plugin, "./plugin", "-overlay", list),
	)
	if err != nil {
		return row, err
	}
	c, err := s.course(name, w)
	if err != nil {
		return row, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	log, err := record.Begin(filepath.Join(c.dir, "plugin"))
	if err != nil {
		return row, err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	leap := func(offset time.Duration) error { return hands.set(offset, log) }
	for range lives {
		if err := c.jumped(ctx, leap, jumps); err != nil {
			return row, err
		}
	}
	if err := leap(hands.most + time.Minute); err != nil { // else what was deferred at its furthest is due tomorrow
		return row, err
	}
	row = Row{Name: source, Times: lives*jumps + 1, Rate: c.rate()}
	row.Figures, err = c.finish(ctx)
	return row, err
}

// jumped is one life of a wheel, with so many jumps, ended by a kill.
func (c *course) jumped(ctx context.Context, leap func(time.Duration) error, jumps int) error {
	w, err := c.start(ctx)
	if err != nil {
		return err
	}
	defer w.Kill()
	for range jumps {
		err := c.flow(ctx, w, 2_000+c.rnd.IntN(8_000), func(context.Context) error {
			offset := time.Duration(c.rnd.Int64N(int64(48*time.Hour))) - 24*time.Hour
			c.tell("the clock jumps to %v from now, behind %d messages", offset.Round(time.Second), c.ledger.Acked())
			return leap(offset)
		})
		if err != nil {
			return err
		}
	}
	return c.flow(ctx, w, c.pace.Batch, func(context.Context) error {
		w.Kill()
		return w.Crashed()
	})
}
