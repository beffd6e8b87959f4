package build

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/tools/txtar"
)

// SDK is the module path of the Go SDK.
const SDK = "github.com/peltonhq/pelton/sdk/go"

//go:embed sdk.txtar
var archive []byte

// Install lays the SDK's source into cacheDir and returns its directory. The name has the hash of the content, so
// that versions stand side by side and a second call finds the first one's work.
func Install(cacheDir string) (string, error) {
	dir, err := filepath.Abs(filepath.Join(cacheDir, "sdk", "go-"+digest(archive)[:16]))
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
	for _, f := range txtar.Parse(archive).Files {
		if err = os.WriteFile(filepath.Join(temporary, f.Name), f.Data, 0o644); err != nil {
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

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
