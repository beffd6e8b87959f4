package main

import (
	"testing"

	"github.com/peltonhq/pelton/sdk/go"
)

func TestItPanicsOnItsFirstMessage(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("the plugin that shows a rollback works")
		}
	}()
	pelton.Try("", pelton.Sample{Key: []byte("ORD")}) //nolint:errcheck // it does not return
}
