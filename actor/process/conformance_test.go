package process_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/actortest"
	"github.com/peltonhq/pelton/actor/process"
)

// Variables by which another suite has the kit run on programs of its own: commands as JSON lists.
const (
	suiteVariable   = "PELTON_TEST_SUITE"
	reducerVariable = "PELTON_TEST_REDUCER"
)

func TestConformance(t *testing.T) {
	suite, reducer := []string{"suite"}, []string{"suite", "reducer"}
	if given := os.Getenv(suiteVariable); given != "" {
		suite, reducer = commandOf(t, given), commandOf(t, os.Getenv(reducerVariable))
	} else {
		suite[0] = binary(t, "suite")
		reducer[0] = suite[0]
	}
	r, err := process.New(process.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	fresh := func(command []string) func(testing.TB) actor.Module {
		return func(t testing.TB) actor.Module {
			t.Helper()
			m, err := module(t, r, process.Config{Command: command})
			if err != nil {
				t.Fatal(err)
			}
			return m
		}
	}
	actortest.Run(t, actortest.Kit{Suite: fresh(suite), Reducer: fresh(reducer)})
}

func commandOf(t *testing.T, text string) (command []string) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &command); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return command
}
