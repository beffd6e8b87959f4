package fine

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"log"
	"net/http"
	"os"
	"regexp"
	"text/template"

	"github.com/cespare/xxhash/v2"
	"github.com/tidwall/gjson"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor/native"
)

// user uses other packages, none of which keeps what it is given.
type user struct {
	hash   uint64
	text   string
	out    []byte
	values map[string]any
	file   *os.File
	buffer bytes.Buffer
	sum    [32]byte
	record []string
	err    error
	result gjson.Result
	writer io.Writer
	match  *regexp.Regexp
	page   *template.Template
	names  map[string]*entry
	order  []*entry
}

type entry struct {
	name string
	last []byte
}

func (u *user) Handle(m *native.Message, _ *native.Out) pelton.Verdict {
	u.hash = xxhash.Sum64(m.Payload())
	u.result = gjson.GetBytes(m.Payload(), "a.b")
	gjson.ParseBytes(m.Payload()).ForEach(func(k, v gjson.Result) bool {
		u.values[k.String()] = v.Value()
		return true
	})
	u.sum = sha256.Sum256(m.Payload())
	h := fnv.New64()
	h.Write(m.Payload())
	u.hash = h.Sum64()
	u.text = base64.StdEncoding.EncodeToString(m.Payload())
	u.hash = binary.BigEndian.Uint64(m.Payload())
	u.out = binary.AppendUvarint(u.out, u.hash)
	u.record, u.err = csv.NewReader(bytes.NewReader(m.Payload())).Read()
	u.err = json.NewDecoder(bytes.NewReader(m.Payload())).Decode(&u.values)
	if z, err := gzip.NewReader(bytes.NewReader(m.Payload())); err == nil {
		u.out, u.err = io.ReadAll(z)
	}
	u.buffer.Write(m.Payload())
	u.writer = &u.buffer
	fmt.Fprintf(u.writer, "%s", m.Payload())
	_, u.err = u.file.Write(m.Payload())
	_, u.err = u.writer.Write(m.Payload())
	log.Printf("%s", m.Payload())
	if u.match.Match(m.Payload()) {
		u.text = string(u.match.Find(m.Payload()))
		u.out = u.match.ReplaceAll(m.Payload(), []byte("x"))
	}
	u.err = u.page.Execute(&u.buffer, m.Payload())
	u.post(m)
	return u.count(m)
}

func (u *user) post(m *native.Message) {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://localhost", bytes.NewReader(m.Payload()))
	if err != nil {
		u.err = err
		return
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		u.err = err
		return
	}
	u.err = response.Body.Close()
}

func (u *user) count(m *native.Message) pelton.Verdict {
	e, ok := u.names[string(m.Key())]
	if !ok {
		e = &entry{name: string(m.Key())}
		u.names[e.name] = e
		u.order = append(u.order, e)
	}
	e.last = append(e.last[:0], m.Payload()...)
	var longest []byte
	var parts []string
	for _, f := range bytes.Fields(m.Payload()) {
		if len(f) > len(longest) {
			longest = f
		}
		parts = append(parts, string(f))
	}
	u.text, u.record = string(longest), parts
	p := parser{m: m}
	if err := p.run(); err != nil {
		return pelton.Dead(err.Error())
	}
	u.text = p.name
	return pelton.Ack()
}

// parser is of one message: what it holds is borrowed, what it makes of it is not.
type parser struct {
	m    *native.Message
	name string
}

func (p *parser) run() error {
	v, ok := p.m.Field("x")
	if !ok {
		return fmt.Errorf("no x in %s", p.m.Payload())
	}
	p.name = v.String()
	return nil
}
