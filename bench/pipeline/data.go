package pipeline

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
)

const seed = 20_261_127

// input is the generated file and what must come of it.
type input struct {
	Path  string
	Lines int
	Bytes int64
	Kept  int    // lines with a value over 50
	Want  string // SHA-256 of the output
}

// generate makes the file of n lines in dir unless it is there, with a note of what is expected beside it.
func generate(dir string, n int) (in input, err error) {
	name := filepath.Join(dir, fmt.Sprintf("lines-%d-%d", seed, n))
	note := name + ".json"
	if text, err := os.ReadFile(note); err == nil && json.Unmarshal(text, &in) == nil {
		if s, err := os.Stat(in.Path); err == nil && s.Size() == in.Bytes {
			return in, nil
		}
	}
	in = input{Path: name + ".jsonl", Lines: n}
	f, err := os.Create(in.Path)
	if err != nil {
		return in, err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	sum := sha256.New()
	if err := in.write(w, sum); err != nil {
		return in, err
	}
	if err := w.Flush(); err != nil {
		return in, err
	}
	if err := f.Close(); err != nil {
		return in, err
	}
	in.Want = hex.EncodeToString(sum.Sum(nil))
	text, err := json.Marshal(in)
	if err != nil {
		return in, err
	}
	return in, os.WriteFile(note, text, 0o600)
}

func (in *input) write(w io.Writer, want hash.Hash) error {
	r := rand.New(rand.NewPCG(seed, 1))
	var line, kept []byte
	for i := range in.Lines {
		value := float64(r.IntN(10_000)) / 100
		line = appendLine(line[:0], r, i, value)
		in.Bytes += int64(len(line))
		if _, err := w.Write(line); err != nil {
			return err
		}
		if value > 50 {
			in.Kept++
			kept = append(append(kept[:0], line[:len(line)-2]...), ",\"level\":\"high\"}\n"...)
			want.Write(kept)
		}
	}
	return nil
}

var (
	regions = []string{"eu-central", "eu-west", "us-east", "us-west", "ap-south"}
	words   = bytes.Fields([]byte("bucket jet nozzle runner shaft valve gate weir flow head rotor stator draft tube spear deflector"))
)

// appendLine makes a line of about 300 bytes. Numbers are as every JSON writer would write them.
func appendLine(b []byte, r *rand.Rand, i int, value float64) []byte {
	b = append(b, `{"seq":`...)
	b = strconv.AppendInt(b, int64(i), 10)
	b = append(b, `,"time":"2026-11-`...)
	b = fmt.Appendf(b, "%02dT%02d:%02d:%02dZ", 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60))
	b = fmt.Appendf(b, `","sensor":"sensor-%05d","region":"%s","value":`, r.IntN(20_000), regions[r.IntN(len(regions))])
	b = strconv.AppendFloat(b, value, 'f', -1, 64)
	b = fmt.Appendf(b, `,"unit":"bar","ok":%t,"tags":["%s","%s"],"place":{"hall":%d,"row":%d},"note":"`, r.IntN(10) > 0, words[r.IntN(len(words))], words[r.IntN(len(words))], r.IntN(10), r.IntN(100))
	for range 16 {
		b = append(append(b, words[r.IntN(len(words))]...), ' ')
	}
	return append(b, "end\"}\n"...)
}

// verify tells whether a file is what must come of the input.
func (in *input) verify(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	sum := sha256.New()
	n, err := io.Copy(sum, f)
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != in.Want {
		return fmt.Errorf("%s: %d bytes with the SHA-256 %.12s…, want %d lines with %.12s…", path, n, got, in.Kept, in.Want)
	}
	return nil
}

// Lines gives the first n lines of the input, without their ends.
func Lines(n int) [][]byte {
	r := rand.New(rand.NewPCG(seed, 1))
	all := make([][]byte, n)
	for i := range all {
		line := appendLine(nil, r, i, float64(r.IntN(10_000))/100)
		all[i] = line[:len(line)-1]
	}
	return all
}
