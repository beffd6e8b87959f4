// Package escape is plugins that let what they borrowed escape.
package escape

import (
	"bufio"
	"bytes"
	"container/list"
	"context"
	"encoding/json"
	"fmt"
	"github.com/peltonhq/pelton/actor"
	"iter"
	"net/http"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor/native"
	"github.com/peltonhq/pelton/sdk/borrowcheck/testdata/keep"
)

type text []byte

type pair struct {
	key, payload []byte
	size         int
}

type state struct {
	bytes   []byte
	named   text
	any     any
	view    *pelton.View
	copied  pelton.View
	views   []pelton.View
	value   pelton.Value
	message *native.Message
	out     *native.Out
	pair    pair
	pairs   []*pair
	byKey   map[string][]byte
	keys    map[any]bool
	seen    map[string]bool
	queue   chan []byte
	call    func() []byte
	later   func()
	box     keep.Box
	stack   keep.Stack[[]byte]
	keeper  keep.Keeper
	list    list.List
	sync    sync.Map
	pool    sync.Pool
	atomic  atomic.Pointer[[]byte]
	number  *[8]byte
	first   *byte
	next    *state
	err     error
	buffer  *bytes.Buffer
	scanner *bufio.Scanner
	decoder *json.Decoder
	ctx     context.Context
	hooks   []func()
	setter  func(b []byte)
	ring    [4][]byte
	request *http.Request
	list2   [][]byte
	text    string
}

var (
	global  []byte
	globals = map[string]*pelton.View{}
	hook    func()
)

// Fields, globals, maps and channels.

func (s *state) field(m *native.Message)      { s.bytes = m.Payload() }              // want `borrowed m.Payload\(\) is stored in field bytes of state; it is valid only inside its turn: call Own\(\), or copy the bytes \(bytes.Clone\)`
func (s *state) key(m *native.Message)        { s.bytes = m.Key() }                  // want `borrowed m.Key\(\) is stored in field bytes of state`
func (s *state) subslice(m *native.Message)   { s.bytes = m.Payload()[1:4:4] }       // want `borrowed m.Payload\(\) is stored in field bytes`
func (s *state) namedType(m *native.Message)  { s.named = text(m.Payload()) }        // want `borrowed m.Payload\(\) is stored in field named`
func (s *state) iface(m *native.Message)      { s.any = m.Payload() }                // want `borrowed m.Payload\(\) is stored in field any`
func (s *state) wholeView(m *native.Message)  { s.view = m.View }                    // want `borrowed m is stored in field view`
func (s *state) copyOfView(m *native.Message) { s.copied = *m.View }                 // want `borrowed m is stored in field copied`
func (s *state) wholeMsg(m *native.Message)   { s.message = m }                      // want `borrowed m is stored in field message`
func (s *state) theOut(o *native.Out)         { s.out = o }                          // want `borrowed o is stored in field out`
func (s *state) views1(m *native.Message)     { s.views = append(s.views, *m.View) } // want `borrowed m is stored in field views`
func (s *state) element(m *native.Message)    { s.views[0] = *m.View }               // want `borrowed m is stored in field views`
func (s *state) nested(m *native.Message)     { s.pair.payload = m.Payload() }       // want `borrowed m.Payload\(\) is stored in field payload of pair`
func (s *state) inMap(m *native.Message)      { s.byKey["a"] = m.Payload() }         // want `borrowed m.Payload\(\) is stored in field byKey`
func (s *state) mapKey(m *native.Message)     { s.keys[m.View] = true }              // want `borrowed m is stored in field keys`
func (s *state) channel(m *native.Message)    { s.queue <- m.Payload() }             // want `borrowed m.Payload\(\) is sent to a channel`
func (s *state) toNext(m *native.Message)     { s.next.next.bytes = m.Payload() }    // want `borrowed m.Payload\(\) is stored in field bytes`
func toGlobal(m *native.Message)              { global = m.Payload() }               // want `borrowed m.Payload\(\) is stored in variable global`
func toGlobalMap(m *native.Message)           { globals["last"] = m.View }           // want `borrowed m is stored in variable globals`
func plainView(v pelton.View)                 { global = v.Payload() }               // want `borrowed v.Payload\(\) is stored in variable global`
func pointer(v *pelton.View, s *state)        { s.bytes = v.Key() }                  // want `borrowed v.Key\(\) is stored in field bytes`
func slicesOfViews(vs []pelton.View)          { global = vs[1].Payload() }           // want `borrowed vs\[…\].Payload\(\) is stored in variable global`
func mapOfViews(vs map[int]*pelton.View)      { global = vs[1].Payload() }           // want `borrowed vs\[…\].Payload\(\) is stored in variable global`
func channelOfViews(vs chan pelton.Value)     { global = (<-vs).Raw }                // want `borrowed vs.Raw is stored in variable global`

func (s *state) fieldValue(m *native.Message) {
	if v, ok := m.Field("origin"); ok {
		s.bytes = v.Raw // want `borrowed m.Field\(…\).Raw is stored in field bytes`
		s.value = v     // want `borrowed m.Field\(…\) is stored in field value`
	}
	v, _ := m.At(0)
	s.bytes = v.Raw[:1] // want `borrowed m.At\(…\).Raw is stored in field bytes`
}

func (s *state) selected(m *native.Message) {
	select {
	case s.queue <- m.Key(): // want `borrowed m.Key\(\) is sent to a channel`
	default:
	}
}

// Ways through variables, structs and slices.

func (s *state) literal(m *native.Message) {
	p := pair{key: m.Key(), size: len(m.Payload())}
	s.pair = p // want `borrowed m.Key\(\) is stored in field pair`
}

func (s *state) pointerToLiteral(m *native.Message) {
	p := &pair{}
	p.payload = m.Payload()
	s.pairs = append(s.pairs, p) // want `borrowed m.Payload\(\) is stored in field pairs`
}

func (s *state) wholeStruct(m *native.Message) {
	*s = state{bytes: m.Payload()} // want `borrowed m.Payload\(\) is stored in what s points to`
}

func (s *state) several(m *native.Message) {
	s.pair.size, s.bytes = 1, m.Payload() // want `borrowed m.Payload\(\) is stored in field bytes`
}

func (s *state) inTurn(ms []*native.Message) {
	for _, m := range ms {
		s.bytes = m.Payload() // want `borrowed ms\[…\].Payload\(\) is stored in field bytes`
	}
}

func (s *state) branches(m *native.Message) {
	b := []byte("none")
	if m.Key() != nil {
		b = m.Key()
	}
	s.bytes = b // want `borrowed m.Key\(\) is stored in field bytes`
}

func (s *state) header(m *native.Message) {
	list := [][]byte{nil}
	list = append(list, m.Payload())
	s.any = list // want `borrowed m.Payload\(\) is stored in field any`
}

func (s *state) copyHeaders(m *native.Message) {
	list := make([][]byte, 1)
	copy(list, [][]byte{m.Payload()})
	s.any = list // want `borrowed m.Payload\(\) is stored in field any`
}

func (s *state) shallow(m *native.Message) {
	s.any = slices.Clone([][]byte{m.Payload()}) // want `stored in field any`
}

func (s *state) onlyInBacking(m *native.Message, free [][]byte) {
	_ = append(free[:0], m.Payload()) // want `borrowed m.Payload\(\) is stored in what free points to`
}

func (s *state) aliasOfState(m *native.Message) {
	t := s
	p := &t.pair
	p.key = m.Key() // want `borrowed m.Key\(\) is stored in field key of pair`
}

func (s *state) twice(m *native.Message) {
	v, _ := m.Field("a")
	v.Raw = bytes.Clone(v.Raw)
	v, _ = m.Field("b")
	s.value = v // want `borrowed m.Field\(…\) is stored in field value`
}

func (s *state) tooLate(m *native.Message) {
	v, _ := m.Field("a")
	s.value = v // want `borrowed m.Field\(…\) is stored in field value`
	v.Raw = bytes.Clone(v.Raw)
	s.text = v.String()
}

func (s *state) captures(m *native.Message) {
	v, _ := m.Field("a")
	again := func() { v, _ = m.Field("b") }
	v.Raw = bytes.Clone(v.Raw)
	again()
	s.value = v // want `borrowed m.Field\(…\) is stored in field value`
}

func (s *state) cloneOfOther(m *native.Message) {
	p := pair{key: m.Key(), payload: m.Payload()}
	p.key = bytes.Clone(p.key)
	s.pair = p // want `stored in field pair`
}

func (s *state) asserted(m *native.Message) {
	var x any = m.View
	if v, ok := x.(interface{ Payload() []byte }); ok {
		s.bytes = v.Payload() // want `borrowed m.Payload\(\) is stored in field bytes`
	}
}

func (s *state) backFromAny(x any) {
	if v, ok := x.(*pelton.View); ok {
		s.bytes = v.Payload() // want `borrowed x.Payload\(\) is stored in field bytes`
	}
}

// Conversions.

func (s *state) array(m *native.Message) {
	s.number = (*[8]byte)(m.Payload()) // want `borrowed m.Payload\(\) is stored in field number`
}

func (s *state) address(m *native.Message) {
	s.first = &m.Payload()[0] // want `borrowed m.Payload\(\)\[…\] is stored in field first`
}

func (s *state) unsafeString(m *native.Message) {
	k := unsafe.String(unsafe.SliceData(m.Key()), len(m.Key()))
	s.seen[k] = true // want `stored in field seen`
}

func (s *state) unsafeStringField(m *native.Message) {
	b := m.Key()
	s.any = *(*string)(unsafe.Pointer(&b)) // want `stored in field any`
}

func (s *state) unsafeSlice(m *native.Message) {
	s.bytes = unsafe.Slice(&m.Payload()[0], 3) // want `stored in field bytes`
}

func (s *state) number8(m *native.Message) {
	at := uintptr(unsafe.Pointer(&m.Payload()[0]))
	s.bytes = unsafe.Slice((*byte)(unsafe.Pointer(at)), 8) // want `stored in field bytes`
}

// Functions.

func (s *state) closure(m *native.Message) {
	s.later = func() { fmt.Println(len(m.Payload())) } // want `borrowed m is stored in field later`
}

func (s *state) closureOfBytes(m *native.Message) {
	b := m.Payload()
	hook = func() { fmt.Println(len(b)) } // want `borrowed m.Payload\(\) is stored in variable hook`
}

func (s *state) methodValue(m *native.Message) {
	s.call = m.Payload // want `borrowed m is stored in field call`
}

func (s *state) methodExpression(m *native.Message) {
	get := (*native.Message).Payload
	s.bytes = get(m) // want `stored in field bytes`
}

func (s *state) inLiteral(m *native.Message) {
	keep := func(b []byte) { s.bytes = b } // want `borrowed m.Payload\(\) is stored in field bytes`
	keep(m.Payload())
}

func (s *state) captured(m *native.Message) {
	var b []byte
	func() { b = m.Payload() }()
	s.bytes = b // want `borrowed m.Payload\(\) is stored in field bytes`
}

func (s *state) deferred(m *native.Message) {
	defer func() { s.bytes = m.Payload() }() // want `borrowed m.Payload\(\) is stored in field bytes`
}

func (s *state) deferredCall(m *native.Message) {
	defer keep.Last(m.Payload()) // want `borrowed m.Payload\(\) is passed to Last, which keeps it`
}

func goroutine(m *native.Message) {
	go func() { fmt.Println(m.Attempt()) }() // want `borrowed m is captured by a goroutine`
}

func goroutineArgument(m *native.Message) {
	go fmt.Println(m.Payload()) // want `borrowed m.Payload\(\) is given to a goroutine`
}

func goroutineMethod(m *native.Message) {
	go m.Log("info", "hello") // want `borrowed m is given to a goroutine`
}

func waited(m *native.Message, out *native.Out) {
	var wg sync.WaitGroup
	wg.Go(func() { out.Emit("", m.Key(), nil) }) // want `is passed to Go, which keeps it`
	wg.Wait()
}

func timer(m *native.Message) {
	time.AfterFunc(time.Second, func() { fmt.Println(m.Attempt()) }) // want `borrowed m is passed to AfterFunc, which keeps it`
}

func (s *state) ranged(m *native.Message) {
	for part := range bytes.SplitSeq(m.Payload(), []byte(",")) {
		s.bytes = part // want `borrowed SplitSeq\(m.Payload\(\)\) is stored in field bytes`
	}
}

func (s *state) rangedViews(all iter.Seq[*native.Message]) {
	for m := range all {
		s.message = m // want `borrowed native.Message is stored in field message`
	}
}

func (s *state) callback(ms []*native.Message) {
	slices.IndexFunc(ms, func(m *native.Message) bool {
		s.bytes = m.Payload() // want `borrowed m.Payload\(\) is stored in field bytes`
		return true
	})
}

func (s *state) callbackOfBytes(m *native.Message) {
	parts := bytes.Split(m.Payload(), nil)
	slices.IndexFunc(parts, func(p []byte) bool {
		s.bytes = p // want `stored in field bytes`
		return true
	})
}

// Returns.

func returned(m *native.Message) []byte { return m.Payload() } // want `borrowed m.Payload\(\) is returned by returned`

func returnedView(m *native.Message) *pelton.View { return m.View } // want `borrowed m is returned by returnedView`

func returnedCall(m *native.Message) func() int { return func() int { return len(m.Payload()) } } // want `borrowed m is returned by returnedCall`

func returnedNamed(m *native.Message) (b []byte, err error) {
	b = m.Key()
	return // want `borrowed m.Key\(\) is returned by returnedNamed`
}

type badError struct{ payload []byte }

func (e *badError) Error() string { return string(e.payload) }

func returnedError(m *native.Message) error {
	return &badError{m.Payload()} // want `borrowed m.Payload\(\) is returned by returnedError`
}

// Functions of others.

func (s *state) trimmed(m *native.Message) {
	s.bytes = bytes.TrimSpace(m.Payload()) // want `borrowed TrimSpace\(m.Payload\(\)\) is stored in field bytes`
}

func (s *state) reader(m *native.Message) {
	s.buffer = bytes.NewBuffer(m.Payload()) // want `borrowed NewBuffer\(m.Payload\(\)\) is stored in field buffer`
}

func others(m *native.Message, s *state) {
	keep.Last(m.Payload())                    // want `borrowed m.Payload\(\) is passed to Last, which keeps it`
	keep.Deep(m.Payload())                    // want `borrowed m.Payload\(\) is passed to Deep, which keeps it`
	keep.Last(keep.Middle(m.Payload()))       // want `borrowed Middle\(m.Payload\(\)\) is passed to Last`
	s.box.Put(m.Payload())                    // want `borrowed m.Payload\(\) is passed to Put, which stores it`
	s.box.Put(m)                              // want `borrowed m is passed to Put, which stores it`
	s.box.Add(nil, m.Key())                   // want `borrowed m.Key\(\) is passed to Add, which stores it`
	s.stack.Push(m.Payload())                 // want `borrowed m.Payload\(\) is passed to Push.*, which stores it`
	keep.Set(s.byKey, "a", m.Payload())       // want `borrowed m.Payload\(\) is passed to Set.*, which stores it`
	s.bytes = keep.Same(m.Payload())          // want `is stored in field bytes`
	s.bytes = keep.NewPair(nil, m.Key()).Left // want `borrowed NewPair\(m.Key\(\)\).Left is stored in field bytes`
	s.list.PushBack(m.Payload())              // want `borrowed m.Payload\(\) is passed to PushBack, which stores it`
	s.sync.Store("last", m.Payload())         // want `borrowed m.Payload\(\) is passed to Store, which stores it`
	s.pool.Put(m.View)                        // want `borrowed m is put into a pool`
	b := m.Payload()
	s.atomic.Store(&b)            // want `borrowed m.Payload\(\) is passed to Store.*, which stores it`
	keep.Later(func() { out(m) }) // want `borrowed m is passed to Later, which keeps it`
}

func out(*native.Message) {}

// remember is found where it is called: what it is given may be anybody's.
func (s *state) remember(b []byte) { s.bytes = b }

func (s *state) calls(m *native.Message) {
	s.remember(m.Payload()) // want `borrowed m.Payload\(\) is passed to remember, which stores it`
	f := s.remember
	f(m.Key()) // want `borrowed m.Key\(\) is passed to remember.*, which stores it`
}

func (s *state) throughInterface(m *native.Message) {
	s.keeper.Put(m.Payload()) // want `borrowed m.Payload\(\) is passed to Put, which stores it`
}

type putter interface{ set(b []byte) }

type memory struct{ all [][]byte }

func (p *memory) set(b []byte) { p.all = append(p.all, b) }

func throughOwnInterface(p putter, m *native.Message) {
	p.set(m.Payload()) // want `borrowed m.Payload\(\) is passed to set, which stores it`
}

func interfaceMethodValue(p putter, m *native.Message) {
	set := p.set
	set(m.Payload()) // want `borrowed m.Payload\(\) is passed to set.*, which stores it`
}

// get gives what belongs to s, so a store into it is a store into s.
func (s *state) get(i int) *pair { return s.pairs[i] }

func (s *state) intoWhatItGives(m *native.Message) {
	s.get(1).payload = m.Payload() // want `borrowed m.Payload\(\) is stored in field payload of pair`
}

func generic[T interface{ Payload() []byte }](s *state, v T) {
	s.bytes = v.Payload()
}

func useGeneric(s *state, m *native.Message) {
	generic(s, m) // want `borrowed m is passed to generic.*, which stores it`
}

var inVariable = func(m *native.Message) {
	global = m.Payload() // want `borrowed m.Payload\(\) is stored in variable global`
}

// Odd ways.

func (s *state) reflected(m *native.Message) {
	reflect.ValueOf(s).Elem().Field(0).SetBytes(m.Payload()) // want `borrowed m.Payload\(\) is passed to SetBytes, which stores it`
}

func (s *state) readers(m *native.Message) {
	s.scanner = bufio.NewScanner(bytes.NewReader(m.Payload()))                    // want `is stored in field scanner`
	s.decoder = json.NewDecoder(bytes.NewReader(m.Payload()))                     // want `is stored in field decoder`
	s.request, s.err = http.NewRequest("POST", "/", bytes.NewReader(m.Payload())) // want `is stored in field request`
	s.ctx = context.WithValue(context.Background(), s, m)                         // want `is stored in field ctx`
}

func (s *state) hooked(m *native.Message) {
	s.hooks = append(s.hooks, func() { fmt.Println(m.Attempt()) }) // want `borrowed m is stored in field hooks`
}

func resultOfDefer(m *native.Message) (b []byte) {
	defer func() { b = m.Payload() }()
	return nil // want `borrowed m.Payload\(\) is returned by resultOfDefer`
}

func lazily(b []byte) func() []byte { return func() []byte { return b } }

func (s *state) lazy(m *native.Message) {
	s.call = lazily(m.Payload())    // want `borrowed lazily\(m.Payload\(\)\) is stored in field call`
	s.bytes = lazily(m.Payload())() // want `is stored in field bytes`
}

func (s *state) inVariable(m *native.Message) {
	s.setter = s.remember
	s.setter(m.Payload()) // want `borrowed m.Payload\(\) is passed to a function value, which keeps it`
	f := keepGlobal
	if m.Attempt() > 1 {
		f = func([]byte) {}
	}
	f(m.Key()) // want `borrowed m.Key\(\) is passed to a function value, which keeps it`
}

func keepGlobal(b []byte) { global = b }

func (s *state) switched(m *native.Message) {
	var x any = m.Payload()
	switch x := x.(type) {
	case []byte:
		s.bytes = x // want `borrowed m.Payload\(\) is stored in field bytes`
	}
}

func (s *state) inArray(m *native.Message) {
	s.ring[m.Attempt()%4] = m.Payload() // want `borrowed m.Payload\(\) is stored in field ring`
}

func (s state) byValue(m *native.Message) {
	s.bytes = m.Payload()      // the receiver is a copy
	s.byKey["a"] = m.Payload() // want `borrowed m.Payload\(\) is stored in field byKey`
}

func localChannel(m *native.Message) {
	c := make(chan []byte, 1)
	c <- m.Payload() // want `borrowed m.Payload\(\) is sent to a channel`
}

type wrapped struct {
	*native.Message

	n int
}

func (s *state) wrapped(m *native.Message) {
	w := wrapped{m, 1}
	s.any = w         // want `borrowed m is stored in field any`
	s.bytes = w.Key() // want `borrowed m.Key\(\) is stored in field bytes`
}

func (s *state) resultOfLiteral(m *native.Message) {
	get := func() []byte { return m.Payload() }
	s.bytes = get() // want `is stored in field bytes`
}

func (s *state) rememberAt(_ int, b []byte) { s.bytes = b }

func (s *state) chosen(m *native.Message) {
	put := s.rememberAt
	if m.Attempt() > 1 {
		put = func(int, []byte) {}
	}
	put(1, m.Key()) // want `borrowed m.Key\(\) is passed to a function value, which stores it`
}

func (s *state) recursive(m *native.Message) {
	var walk func(b []byte, depth int)
	walk = func(b []byte, depth int) {
		if depth > 0 {
			walk(b[1:], depth-1)
		}
		s.bytes = b // want `is stored in field bytes`
	}
	walk(m.Payload(), 3)
}

func (s *state) appended(m *native.Message) {
	all := append(s.list2[:1], nil)
	all[0] = m.Payload() // want `borrowed m.Payload\(\) is stored in field list2 of state`
}

func each(m *native.Message) {
	keep.Each(func(p *keep.Pair) { p.Left = m.Key() }) // want `borrowed m.Key\(\) is stored in field Left of Pair`
}

func fill(p *pair, b []byte) { p.key = b }

func (s *state) filled(m *native.Message) {
	var p pair
	fill(&p, m.Payload())
	s.pair = p // want `borrowed m.Payload\(\) is stored in field pair`
}

// instance is a runtime of one's own.
type instance struct {
	last  []byte
	all   []actor.Delivery
	first *actor.Delivery
}

func (i *instance) Handle(t *actor.Turn) {
	i.last = t.Deliveries[0].View.Payload() // want `borrowed t.Deliveries\[…\].View.Payload\(\) is stored in field last`
	i.all = t.Deliveries                    // want `borrowed t.Deliveries is stored in field all`
	for k := range t.Deliveries {
		i.first = &t.Deliveries[k] // want `borrowed t.Deliveries\[…\] is stored in field first`
	}
}
