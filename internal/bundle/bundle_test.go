package bundle

import (
	"archive/tar"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

func TestPack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "main.py"), "main", 0o700)
	write(t, filepath.Join(dir, "lib/b.py"), "b", 0o600)
	write(t, filepath.Join(dir, ".venv/bin/python"), "no", 0o700)
	write(t, filepath.Join(dir, "lib/__pycache__/b.pyc"), "no", 0o600)
	artifact, err := Pack(dir, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Decode(artifact)
	if err != nil {
		t.Fatal(err)
	}
	want := []File{{"lib/b.py", false, []byte("b")}, {"main.py", true, []byte("main")}}
	if !reflect.DeepEqual(b.Files, want) || b.Manifest.File != "" || b.Manifest.Command != nil {
		t.Errorf("%+v", b)
	}
	again, err := Pack(dir, 1<<20)
	if err != nil || !bytes.Equal(again, artifact) {
		t.Errorf("the same files make other bytes, %v", err)
	}
	one, err := Pack(filepath.Join(dir, "main.py"), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if b, err = Decode(one); err != nil || b.Manifest.File != "main.py" || len(b.Files) != 1 {
		t.Errorf("%+v, %v", b, err)
	}
	if _, err = Pack(dir, 4); err == nil || !strings.Contains(err.Error(), "limits.artifact of 4 bytes") {
		t.Errorf("too large: %v", err)
	}
	if _, err = Pack(filepath.Join(dir, "nope"), 4); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("not there: %v", err)
	}
	if err := os.Symlink(dir, filepath.Join(dir, "loop")); err != nil {
		t.Fatal(err)
	}
	if _, err = Pack(dir, 1<<20); err == nil || !strings.Contains(err.Error(), "no regular file") {
		t.Errorf("a link to a directory: %v", err)
	}
}

// entries is a tar of these names, in this order, each with its name as content.
func entries(t testing.TB, kind byte, names ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	add := func(kind byte, name, content string) {
		if err := w.WriteHeader(&tar.Header{Name: name, Typeflag: kind, Mode: 0o600, Size: int64(len(content)), Linkname: "x"}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	add(tar.TypeReg, manifestName, `{"file":""}`)
	for _, name := range names {
		content := name
		if kind != tar.TypeReg {
			content = ""
		}
		add(kind, name, content)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	good := entries(t, tar.TypeReg, "a", "b/c")
	if _, err := Decode(good); err != nil {
		t.Fatal(err)
	}
	cases := map[string][]byte{
		"nothing": nil, "no tar": []byte("hello"), "cut": good[:1024+100], "wasm": []byte("\x00asm\x01\x00\x00\x00"),
		"up":       entries(t, tar.TypeReg, "../a"),
		"up later": entries(t, tar.TypeReg, "a/../../b"), "absolute": entries(t, tar.TypeReg, "/a"), "hidden": entries(t, tar.TypeReg, "a/.b"),
		"twice": entries(t, tar.TypeReg, "a", "a"), "both": entries(t, tar.TypeReg, "a", "a/b"), "both, turned": entries(t, tar.TypeReg, "a/b", "a"),
		"link": entries(t, tar.TypeSymlink, "a"), "hard link": entries(t, tar.TypeLink, "a"), "device": entries(t, tar.TypeChar, "a"), "backslash": entries(t, tar.TypeReg, `a\b`),
	}
	for name, artifact := range cases {
		if _, err := Decode(artifact); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever is decoded stays inside its directory and is encoded to what is decoded to the same.
func FuzzDecode(f *testing.F) {
	f.Add(entries(f, tar.TypeReg, "a", "b/c"))
	f.Add(entries(f, tar.TypeSymlink, "a"))
	f.Fuzz(func(t *testing.T, artifact []byte) {
		b, err := Decode(artifact)
		if err != nil {
			return
		}
		for _, file := range b.Files {
			if !filepath.IsLocal(filepath.FromSlash(file.Name)) || strings.HasPrefix(file.Name, ".") {
				t.Errorf("file %q", file.Name)
			}
		}
		again, err := b.Encode()
		if err != nil {
			return // a name that a tar has no form for
		}
		c, err := Decode(again)
		if err != nil || !reflect.DeepEqual(c.Files, b.Files) {
			t.Errorf("%v: %+v, %+v", err, b, c)
		}
	})
}
