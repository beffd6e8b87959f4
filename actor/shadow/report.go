package shadow

import (
	"bytes"
	"fmt"
	"strings"
	"sync"

	"github.com/peltonhq/pelton"
)

// Answer is what a version made of one message.
type Answer struct {
	Verdict pelton.Verdict
	Fault   string // why it failed instead; empty: it did not
	Emits   []pelton.Emit
}

// Report is what was found so far.
type Report struct {
	Compared  uint64
	Skipped   uint64 // not compared: the shadow was behind
	Different uint64 // in any way
	Verdicts  uint64 // their verdicts differ
	Emits     uint64 // their emits differ
	Errors    uint64 // the shadow failed, and the live version did not
	Samples   []Diff // the first that differ
}

// Rate is the share of compared messages that differ.
func (r *Report) Rate() float64 {
	if r.Compared == 0 {
		return 0
	}
	return float64(r.Different) / float64(r.Compared)
}

// Diff is one message that was answered differently, for people.
type Diff struct {
	Key, Position          string // Position is the message's id
	OldVerdict, NewVerdict string
	OldEmits, NewEmits     []string
}

// The bounds of what a report keeps.
const (
	samples = 20  // of differences
	emits   = 8   // of an answer
	text    = 200 // bytes of one
)

// Recorder makes a report.
type Recorder struct {
	mu     sync.Mutex
	report Report
}

// Report is a copy of what was found so far.
func (r *Recorder) Report() Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	report := r.report
	report.Samples = append([]Diff(nil), report.Samples...)
	return report
}

// Skip counts messages that are not compared.
func (r *Recorder) Skip(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.Skipped += uint64(n)
}

// Compare notes two answers to one message.
func (r *Recorder) Compare(key []byte, id pelton.MessageID, before, after *Answer) {
	failed := after.Fault != "" && before.Fault == ""
	verdicts := before.verdict() != after.verdict()
	puts := !same(before.puts(), after.puts())
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.Compared++
	if !failed && !verdicts && !puts {
		return
	}
	r.report.Different++
	for counter, differs := range map[*uint64]bool{&r.report.Errors: failed, &r.report.Verdicts: verdicts, &r.report.Emits: puts} {
		if differs {
			*counter++
		}
	}
	if len(r.report.Samples) < samples {
		r.report.Samples = append(r.report.Samples, Diff{
			Key: cut(string(key)), Position: id.String(),
			OldVerdict: before.String(), NewVerdict: after.String(), OldEmits: before.lines(), NewEmits: after.lines(),
		})
	}
}

// verdict is what two answers must have in common.
func (a *Answer) verdict() string {
	switch {
	case a.Fault != "":
		return "fault"
	case a.Verdict.Decision == pelton.DecisionDead:
		return a.Verdict.String()
	}
	return a.Verdict.Decision.String()
}

// String is the verdict or the fault.
func (a *Answer) String() string {
	if a.Fault != "" {
		return cut("fault: " + a.Fault)
	}
	return cut(a.Verdict.String())
}

// puts are the emits that take effect, or the request that is awaited.
func (a *Answer) puts() []pelton.Emit {
	if d := a.Verdict.Decision; a.Fault != "" || d != pelton.DecisionAck && d != pelton.DecisionAwait {
		return nil
	}
	return a.Emits
}

func (a *Answer) lines() []string {
	var lines []string
	for i, e := range a.puts() {
		if i == emits {
			return append(lines, fmt.Sprintf("and %d more", len(a.Emits)-emits))
		}
		lines = append(lines, cut(fmt.Sprintf("%s %s %s", e.Output, e.Key, e.Payload)))
	}
	return lines
}

func same(a, b []pelton.Emit) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Output != b[i].Output || a[i].ContentType != b[i].ContentType || (a[i].Key == nil) != (b[i].Key == nil) ||
			!bytes.Equal(a[i].Key, b[i].Key) || !bytes.Equal(a[i].Payload, b[i].Payload) {
			return false
		}
	}
	return true
}

// cut makes a text valid and short.
func cut(s string) string {
	if len(s) > text {
		s = s[:text] + "…"
	}
	return strings.ToValidUTF8(s, "?")
}
