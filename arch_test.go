package pelton_test

import (
	"os"
	"testing"

	"github.com/peltonhq/pelton/internal/archtest"
)

// policy is what the layout promises: imports point down, each vendor has one place, the heart is pure. It is a
// statement of policy, so a change of it is a change of design: give the reason, don't just make the test pass.
// Patterns: "store" is one package, "store/..." it and all below; an exact rule wins, then the longest.
var policy = archtest.Policy{
	Boxes: []string{
		".", "source", "decode", "arena", "loop", "actor", "delivery", "session", "sink", "store",
		"api", "console", "engine", "sdk", "cmd", "internal", "examples", "docs", "bench",
	},
	Layers: layers,
	Never: []archtest.Never{
		{
			Path: []string{"session/...", "store/...", "sink/...", "api/...", "console/..."}, Target: "arena",
			Why: "S3: below the line nothing aliases a buffer, whatever the way",
		},
		{Path: []string{"session/..."}, Target: "actor/...", Why: "a reducer is an interface that engine wires"},
		{Path: []string{"delivery", "decode/...", "arena/..."}, Target: "store/...", Why: "what a lane computes with does no storage"},
	},
	Fences: fences,
	Pure: []archtest.Pure{
		{Path: ".", Imports: impure, Clock: true, Go: true, Why: "the vocabulary is values only"},
		{Path: "delivery", Imports: impure, Clock: true, Go: true, Why: "the loop owns time and order and drives delivery (D1, D2, E1, E2 are tested as pure functions)"},
		{Path: "arena", Imports: []string{"net", "net/..."}, Go: true, Why: "the arena does no I/O beyond obtaining its memory"},
	},
	Names:  []string{"util", "utils", "common", "helpers", "helper", "misc", "manager", "pkg", "base", "shared"},
	Budget: archtest.Budget{File: 500, Func: 60, Fields: 16, Package: 3200},
	Allow:  map[string]string{
		// "dir", "dir/file.go" or "dir/file.go#Name": the reason. This list can only shrink.
	},
}

// impure are the packages of the standard library by which a pure package would reach the world.
// net/url and net/netip are not among them: they only take strings apart.
var impure = []string{
	"os/...", "net", "net/http/...", "net/rpc/...", "net/smtp", "syscall/...", "io/ioutil", "log/...",
	"sync/...", "context", "runtime/...", "crypto/rand", "math/rand/...",
}

// layers is the lattice. internal/... are leaves without a box; every box may use them except the pure ones, which
// name what they use.
var layers = []archtest.Layer{
	{Path: ".", May: nil, Why: "the vocabulary imports nothing of ours, so that everything may import it"},
	{Path: "internal/...", May: []string{".", "internal/..."}, Why: "leaves know no box"},

	{Path: "arena/...", May: []string{".", "internal/..."}, Why: "the arena knows bytes, not who reads them"},
	{Path: "delivery/...", May: []string{".", "delivery/...", "internal/invariants"}, Why: "the pure heart: verdicts and ledgers as values"},
	{Path: "delivery/lot", May: []string{".", "delivery", "store", "internal/..."}, Why: "the lot is how the ledger's records lie in the store: it reads and writes, and decides nothing"},
	{Path: "decode/...", May: []string{".", "arena", "decode/...", "internal/..."}, Why: "decode fills arena blocks and knows no source and no loop"},
	{Path: "store/...", May: []string{".", "store/...", "internal/..."}, Why: "the store keeps records; it does not know what they mean"},
	{Path: "session/...", May: []string{".", "store", "delivery", "session/...", "internal/..."}, Why: "session writes the store; reducers come by an interface"},
	{Path: "actor/...", May: []string{".", "arena", "delivery", "actor/...", "sdk", "internal/..."}, Why: "an actor knows its plugin and its mailbox, not the loop"},
	{Path: "actor/process", May: []string{".", "arena", "delivery", "actor/...", "api/gen/...", "internal/..."}, Why: "process plugins speak a generated protocol"},

	{Path: "source", May: []string{".", "decode", "internal/..."}, Why: "the contract of sources; adapters import it, never the reverse"},
	{Path: "source/...", May: []string{".", "source/...", "decode", "arena", "store", "internal/..."}, Why: "an adapter knows its parent and what lies below"},
	{Path: "sink", May: []string{".", "internal/..."}, Why: "the contract of sinks; adapters import it, never the reverse"},
	{Path: "sink/...", May: []string{".", "sink/...", "store", "internal/..."}, Why: "an adapter knows its parent and what lies below"},
	{
		Path: "loop/...", May: []string{".", "loop/...", "source", "sink", "decode", "arena", "actor", "delivery", "delivery/lot", "session", "store", "internal/..."},
		Why: "the loop drives the contracts; which adapter stands behind one is for engine to say",
	},

	{Path: "api", May: []string{".", "api/delta", "api/meter", "session", "session/stream", "store", "delivery", "internal/..."}, Why: "the Service is free of transports"},
	{Path: "api/delta", May: []string{"internal/..."}, Why: "what changes is told in plain values"},
	{Path: "api/meter", May: []string{"internal/..."}, Why: "counts are for everybody before the Service, and know nobody"},
	{Path: "api/gen/...", May: []string{"api/gen/..."}, Why: "generated code knows only itself"},
	{Path: "api/client", May: []string{".", "api", "api/delta", "api/gen/...", "api/wire", "internal/..."}, Why: "the client talks to a wheel over the wire only, in the words of api"},
	{Path: "api/...", May: []string{".", "api/...", "session", "session/stream", "store", "internal/..."}, Why: "a transport is thin: it translates the Service"},
	{Path: "console/...", May: []string{".", "api/...", "console/...", "internal/..."}, Why: "the console is a client of the api"},

	{Path: "engine/config", May: []string{".", "engine/config/...", "internal/..."}, Why: "config is text and validation; wiring it is engine's"},
	{
		Path: "engine/...", May: []string{
			".", "engine/...", "source/...", "decode", "arena", "loop/...", "actor/...", "delivery/...", "session/...", "sink/...",
			"store/...", "api/...", "console/...", "sdk/...", "internal/...",
		},
		Why: "engine wires everything below cmd",
	},
	{
		Path: "cmd/...", May: []string{".", "cmd/...", "engine/...", "api", "api/delta", "api/auth", "api/client", "api/gen/...", "actor/wasm/...", "sdk/...", "internal/..."},
		Why: "the CLI runs an engine, talks to one through the client, makes tokens for one, and builds plugins",
	},

	{Path: "sdk/process", May: []string{".", "api/gen/..."}, Why: "programs link it: it speaks the generated protocol in the vocabulary's words"},
	{Path: "sdk/...", May: []string{"sdk/..."}, Why: "guests link it: it knows nothing of the host"},
	{Path: "examples/...", May: []string{".", "engine", "sdk/...", "examples/..."}, Why: "examples use what users may use"},
	{Path: "docs/...", May: []string{".", "engine", "sdk/..."}, Why: "documentation uses what users may use"},
}

var fences = []archtest.Fence{
	{Vendor: []string{"github.com/tetratelabs/wazero"}, In: []string{"actor/wasm/..."}, Why: "one place knows the WASM runtime"},
	{Vendor: []string{"github.com/cockroachdb"}, In: []string{"store/local/..."}, Why: "the store can be another one"},
	{
		Vendor: []string{"google.golang.org/grpc", "connectrpc.com"}, In: []string{"api/rpc/...", "api/gen/...", "api/client", "actor/process/...", "sdk/process"},
		Why: "the Service is free of transports",
	},
	{
		Vendor: []string{"google.golang.org/protobuf"}, In: []string{"api/rpc/...", "api/wire/...", "api/gen/...", "api/client", "actor/process/..."},
		Why: "generated messages are the wire's; the code has its own words",
	},
	{Vendor: []string{"github.com/99designs/gqlgen", "github.com/vektah/gqlparser"}, In: []string{"api/graphql/..."}, Why: "one transport"},
	{Vendor: []string{"github.com/coder/websocket"}, In: []string{"api/graphql/..."}, Why: "one transport"},
	{Vendor: []string{"github.com/coreos/go-oidc", "github.com/go-jose"}, In: []string{"api/auth"}, Why: "one place knows how a token is verified"},
	{Vendor: []string{"github.com/spf13", "github.com/vbauerster/mpb"}, In: []string{"cmd/..."}, Why: "only the CLI talks to a terminal"},
	{Vendor: []string{"charm.land", "github.com/charmbracelet"}, In: []string{"cmd/..."}, Why: "only the CLI talks to a terminal"},
	{Vendor: []string{"github.com/twmb/franz-go"}, In: []string{"source/kafka", "sink/kafka", "internal/kafka/..."}, Why: "an adapter's vendor stays in the adapter; the way to a cluster is the same for both"},
	{
		Vendor: []string{"github.com/nats-io"}, In: []string{"source/nats", "sink/nats", "internal/natsconn", "internal/natstest"},
		Why: "an adapter's vendor stays in the adapter; how both connect, and the server of their tests, are there once",
	},
	{Vendor: []string{"github.com/mochi-mqtt", "github.com/eclipse"}, In: []string{"source/mqtt", "internal/e2e"}, Why: "an adapter's vendor stays in the adapter"},
	{Vendor: []string{"github.com/goccy/go-yaml", "github.com/invopop/jsonschema"}, In: []string{"engine/config/...", "cmd/..."}, Why: "config is read in one place"},
	{Vendor: []string{"go.opentelemetry.io"}, In: []string{"engine/tracing"}, Why: "the loop tells of steps in its own words; who takes spans is one box's business"},
	{Vendor: []string{"golang.org/x/tools/go"}, In: []string{"sdk/borrowcheck", "cmd/borrowcheck"}, Why: "the wheel and the CLI don't carry a compiler's front end"},
	{Vendor: []string{"github.com/tidwall"}, In: []string{"decode/..."}, Why: "a message is parsed once, in decode"},
}

func TestArchitecture(t *testing.T) {
	t.Parallel()
	tree, err := archtest.Load(os.DirFS("."), "github.com/peltonhq/pelton")
	if err != nil {
		t.Fatal(err)
	}
	for _, violation := range policy.Check(tree) {
		t.Error(violation)
	}
}
