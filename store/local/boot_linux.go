package local

import (
	"os"
	"strings"
)

// bootID names this start of the machine; empty when nobody knows.
func bootID() string {
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}
