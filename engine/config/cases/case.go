package cases

import (
	"slices"
	"strconv"
	"strings"

	"github.com/peltonhq/pelton/engine/config/unit"
	"github.com/peltonhq/pelton/engine/config/words"
)

// Case is one test of a plugin.
type Case struct {
	Name   string    `yaml:"name" json:"name" jsonschema:"required" jsonschema_description:"What it tests, in words."`
	Plugin string    `yaml:"plugin" json:"plugin" jsonschema:"required" jsonschema_description:"The plugin, or session/NAME for a reducer."`
	Source string    `yaml:"source,omitempty" json:"source,omitempty" jsonschema_description:"The source whose decode settings are used. Default: the first source that the plugin reads."`
	Input  []Message `yaml:"input,omitempty" json:"input,omitempty" jsonschema_description:"The messages, in order. Or use sample."`
	Sample string    `yaml:"sample,omitempty" json:"sample,omitempty" jsonschema_description:"A file of messages, as pelton record writes it; relative to the config file. Or use input."`
	Expect []Expect  `yaml:"expect,omitempty" json:"expect,omitempty" jsonschema_description:"What the plugin makes of each message, in order; one for each."`
	Golden string    `yaml:"golden,omitempty" json:"golden,omitempty" jsonschema_description:"A file with all that the plugin makes of the messages, which pelton test --update writes; relative to the config file."`
}

// Message is one message of a case. At most one of Payload, Text and Base64 is set.
type Message struct {
	Key     *string   `yaml:"key,omitempty" json:"key,omitempty" jsonschema_description:"Its key. Default: what decode.key finds in the payload."`
	Payload unit.JSON `yaml:"payload,omitempty" json:"payload,omitempty" jsonschema_description:"The payload, as a mapping; the plugin gets it as JSON."`
	Text    *string   `yaml:"text,omitempty" json:"text,omitempty" jsonschema_description:"The payload as it is."`
	Base64  *string   `yaml:"payload_base64,omitempty" json:"payload_base64,omitempty" jsonschema_description:"The payload's bytes in base64."`
	Time    string    `yaml:"time,omitempty" json:"time,omitempty" jsonschema_description:"Its time in RFC 3339, unless decode.time finds one."`
	Headers []Header  `yaml:"headers,omitempty" json:"headers,omitempty" jsonschema_description:"Headers of the source."`
}

// Header is one header of a message.
type Header struct {
	Name  string `yaml:"name" json:"name" jsonschema_description:"Its name."`
	Value string `yaml:"value" json:"value" jsonschema_description:"Its value."`
}

// Expect is what a plugin shall make of one message. What is left out of it is not looked at, but for Emits.
type Expect struct {
	Verdict string    `yaml:"verdict,omitempty" json:"verdict,omitempty" jsonschema:"enum=ack,enum=retry,enum=defer,enum=dead,enum=hold,enum=await,enum=fault,enum=bad,enum=refused" jsonschema_description:"ack, retry, defer, dead, hold or await; fault when the plugin fails, bad when the message does not decode, refused by a reducer. Default ack."`
	Reason  string    `yaml:"reason,omitempty" json:"reason,omitempty" jsonschema_description:"A part of the reason."`
	After   string    `yaml:"after,omitempty" json:"after,omitempty" jsonschema_description:"The wait of retry, or the lease of hold."`
	Request string    `yaml:"request,omitempty" json:"request,omitempty" jsonschema_description:"A part of the method and URL of await."`
	Emits   []Emit    `yaml:"emits,omitempty" json:"emits,omitempty" jsonschema_description:"All that it puts out, in order. Left out: nothing."`
	State   unit.JSON `yaml:"state,omitempty" json:"state,omitempty" jsonschema_description:"Of a reducer: the new state."`
}

// Emit is one emit. At most one of Payload and Text is set.
type Emit struct {
	Output  string    `yaml:"output,omitempty" json:"output,omitempty" jsonschema_description:"The plugin's output. Default: default."`
	Key     *string   `yaml:"key,omitempty" json:"key,omitempty" jsonschema_description:"Its key. Left out: any."`
	Payload unit.JSON `yaml:"payload,omitempty" json:"payload,omitempty" jsonschema_description:"Its payload, as a mapping. Left out: any."`
	Text    *string   `yaml:"text,omitempty" json:"text,omitempty" jsonschema_description:"Its payload as it is."`
}

// verdicts are the words of Expect.Verdict.
var verdicts = []string{"ack", "retry", "defer", "dead", "hold", "await", "fault", "bad", "refused"}

// Check tells what is wrong with each case, by the path of the key. plugins are the names that a case may test.
func Check(all []Case, plugins []string, add func(path, text string)) {
	seen, golden := map[string]bool{}, map[string]bool{}
	for i := range all {
		c := &all[i]
		at := "tests[" + strconv.Itoa(i) + "]"
		switch {
		case c.Name == "":
			add(at+".name", "is missing; say in words what the case tests")
		case seen[c.Name]:
			add(at+".name", strconv.Quote(c.Name)+" is the name of an earlier case")
		}
		seen[c.Name] = true
		if c.Golden != "" && golden[c.Golden] {
			add(at+".golden", "an earlier case has the same file; give each its own")
		}
		golden[c.Golden] = true
		if !slices.Contains(plugins, c.Plugin) {
			add(at+".plugin", "no plugin is named "+strconv.Quote(c.Plugin)+"; "+words.Hint(c.Plugin, plugins))
		}
		c.check(at, add)
	}
}

func (c *Case) check(at string, add func(path, text string)) {
	if (len(c.Input) > 0) == (c.Sample != "") {
		add(at, "want exactly one of input and sample")
	}
	if len(c.Expect) == 0 && c.Golden == "" {
		add(at, "want expect or golden, or both: what shall come of the messages")
	}
	if n := len(c.Expect); n > 0 && c.Sample == "" && n != len(c.Input) {
		add(at+".expect", strconv.Itoa(n)+" of them for "+strconv.Itoa(len(c.Input))+" messages; want one for each, in order")
	}
	for i := range c.Input {
		m := &c.Input[i]
		if one(m.Payload != nil, m.Text != nil, m.Base64 != nil) != 1 {
			add(at+".input["+strconv.Itoa(i)+"]", "want exactly one of payload (a mapping), text and payload_base64")
		}
		if err := m.parse(); err != nil {
			add(at+".input["+strconv.Itoa(i)+"]", err.Error())
		}
	}
	for i := range c.Expect {
		e, path := &c.Expect[i], at+".expect["+strconv.Itoa(i)+"]"
		if e.Verdict != "" && !slices.Contains(verdicts, e.Verdict) {
			add(path+".verdict", "unknown value "+strconv.Quote(e.Verdict)+"; "+words.Hint(e.Verdict, verdicts))
		}
		if e.State != nil && !strings.HasPrefix(c.Plugin, "session/") {
			add(path+".state", "only a reducer has a state; "+c.Plugin+" is none")
		}
		for k := range e.Emits {
			if one(e.Emits[k].Payload != nil, e.Emits[k].Text != nil) > 1 {
				add(path+".emits["+strconv.Itoa(k)+"]", "want at most one of payload and text")
			}
		}
	}
}

func one(given ...bool) (n int) {
	for _, g := range given {
		if g {
			n++
		}
	}
	return n
}
