// Program worder is a process plugin that puts out the word in the file beside it for each message; the word "panic"
// makes it panic.
package main

import (
	"encoding/json"
	"os"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/sdk/process"
)

func main() {
	word, err := os.ReadFile("word.txt")
	if err != nil {
		panic(err)
	}
	process.Main(process.Plugin{Handle: func(m *process.Message, out *process.Out) pelton.Verdict {
		if string(word) == "panic" {
			panic("the word is panic")
		}
		text, err := json.Marshal(map[string]string{"word": string(word)})
		if err != nil {
			return pelton.Dead(err.Error())
		}
		out.Emit("", m.Key(), text)
		return pelton.Ack()
	}})
}
