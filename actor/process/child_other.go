//go:build !unix

package process

import (
	"os"
	"os/exec"
)

const supported = false

func group(*exec.Cmd) {}

func endGroup(int) {}

func await(int) {}

func tryLock(*os.File) bool { return false }
