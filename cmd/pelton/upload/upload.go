package upload

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/client"
	"github.com/peltonhq/pelton/internal/bundle"
	"github.com/peltonhq/pelton/sdk/build"
)

// Sender makes and sends code.
type Sender struct {
	Client *client.Client
	Log    io.Writer                                                         // what compilers say
	Bar    func(what string, size int64) (progress func(int64), done func()) // shows how far an upload has come
}

// Built compiles a directory with source, or reads a .wasm file.
func (s Sender) Built(ctx context.Context, path string) (build.Artifact, error) {
	return build.Build(ctx, path, build.Options{Log: s.Log})
}

// most keeps a directory that was not meant from being read whole; the wheel has its own limits.artifact.
const most = 1 << 30

// Packed takes a program or its directory as it is.
func Packed(_ context.Context, path string) (build.Artifact, error) {
	bytes, err := bundle.Pack(path, most)
	sum := sha256.Sum256(bytes)
	return build.Artifact{Path: path, Bytes: bytes, Digest: api.DigestPrefix + hex.EncodeToString(sum[:])}, err
}

// For makes what a plugin of that name is swapped for. The wheel is asked of its kind, since a directory with Go source may
// be either.
func (s Sender) For(ctx context.Context, name, path string) (build.Artifact, error) {
	all, unanswered := s.Client.Plugins(ctx)
	for _, p := range all {
		if p.Name == name && p.Kind == "process" {
			return Packed(ctx, path)
		}
	}
	artifact, err := s.Built(ctx, path)
	if err == nil {
		err = unanswered // a mistake in PATH is said first, whether a wheel runs or not
	}
	return artifact, err
}

// Push uploads an artifact unless the wheel has it already.
func (s Sender) Push(ctx context.Context, artifact build.Artifact) (known bool, err error) {
	if known, err = s.Client.Has(ctx, artifact.Digest); err != nil || known {
		return known, err
	}
	size := int64(len(artifact.Bytes))
	progress, done := s.Bar("uploading", size)
	defer done()
	return false, s.Client.Push(ctx, artifact.Digest, size, bytes.NewReader(artifact.Bytes), progress)
}

// All builds and pushes the code of plugins, by their paths, and gives the digests.
func (s Sender) All(ctx context.Context, paths map[string]string) (map[string]string, error) {
	digests := map[string]string{}
	for name, path := range paths {
		artifact, err := s.Built(ctx, path)
		if err != nil {
			return nil, fmt.Errorf("plugin %s: %w", name, err)
		}
		if _, err := s.Push(ctx, artifact); err != nil {
			return nil, err
		}
		digests[name] = artifact.Digest
	}
	return digests, nil
}
