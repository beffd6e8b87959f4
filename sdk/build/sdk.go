package build

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/tools/txtar"
)

// SDK is the module path of the Go SDK.
const SDK = "github.com/peltonhq/pelton/sdk/go"

//go:embed *.txtar
var archives embed.FS

// archive is the packed SDK of a language.
func archive(lang string) []byte {
	b, err := archives.ReadFile(lang + ".txtar")
	if err != nil {
		panic("package build has no archive of the SDK for " + lang)
	}
	return b
}

// unpack is the SDK's files.
func unpack(lang string) []txtar.File { return txtar.Parse(archive(lang)).Files }

// Install lays a language's SDK into cacheDir and returns the directory that its compiler searches. The name has the hash
// of the content, so that versions stand side by side and a second call finds the first one's work.
func Install(cacheDir, lang string) (string, error) {
	if _, err := lookup(lang); err != nil {
		return "", err
	}
	dir, err := filepath.Abs(filepath.Join(cacheDir, "sdk", lang+"-"+digest(archive(lang))[:16]))
	if err != nil {
		return "", err
	}
	if _, err = os.Stat(dir); err == nil {
		return dir, nil
	}
	parent := filepath.Dir(dir)
	if err = os.MkdirAll(parent, 0o755); err != nil {
		return "", fmt.Errorf("sdk: %w", err)
	}
	temporary, err := os.MkdirTemp(parent, ".new-")
	if err != nil {
		return "", fmt.Errorf("sdk: %w", err)
	}
	defer os.RemoveAll(temporary) //nolint:errcheck // gone already if it was renamed
	below := temporary
	if lang == "assemblyscript" {
		below = filepath.Join(temporary, "pelton") // its compiler finds a package by its name
	}
	for _, f := range unpack(lang) {
		if err = refresh(filepath.Join(below, f.Name), f.Data); err != nil {
			return "", fmt.Errorf("sdk: %w", err)
		}
	}
	if err = os.Chmod(temporary, 0o755); err != nil {
		return "", fmt.Errorf("sdk: %w", err)
	}
	// Another process may have been faster; what it laid there is the same.
	if err = os.Rename(temporary, dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("sdk: %w", err)
	}
	return dir, nil
}

// sdkPlace is where a build of Go finds the SDK. There is no such directory: the go command is told by an overlay which
// files stand for its content, since the name ends up in the module, and with the cache's own the same source would give
// another digest on each machine.
const sdkPlace = "/pelton/sdk/go"

// overlay is the go command's file that says where the SDK's files really are.
func overlay(sdk string) ([]byte, error) {
	replace := map[string]string{}
	for _, f := range unpack("go") {
		replace[sdkPlace+"/"+f.Name] = filepath.Join(sdk, f.Name)
	}
	return json.Marshal(map[string]any{"Replace": replace})
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
