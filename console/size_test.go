package console_test

import (
	"compress/gzip"
	"io"
	"testing"
)

// most is how much a browser may have to load, over a slow line too.
const most = 150 << 10

func TestSize(t *testing.T) {
	t.Parallel()
	var sum counter
	for name, body := range pages(t) {
		z := gzip.NewWriter(&sum)
		if _, err := io.WriteString(z, body); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		if len(body) == 0 {
			t.Errorf("%s is empty", name)
		}
	}
	if sum == 0 || sum > most {
		t.Errorf("the page is %d bytes compressed, want at most %d", sum, most)
	}
	t.Logf("%d bytes compressed", sum)
}

// counter counts what is written to it.
type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
