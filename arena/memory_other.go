//go:build !linux

package arena

// memory is anonymous: where there is no memfd, windows onto it are copies.
type memory struct{ bytes []byte }

func obtain(_ string, size int64) (memory, error) { return memory{bytes: make([]byte, size)}, nil }

func (m *memory) descriptor() (file int, ok bool) { return 0, false }

func (m *memory) free() error {
	m.bytes = nil
	return nil
}
