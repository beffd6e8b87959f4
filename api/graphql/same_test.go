package graphql_test

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/apitest"
	peltonv1 "github.com/peltonhq/pelton/api/gen/pelton/v1"
	"github.com/peltonhq/pelton/api/graphql"
	"github.com/peltonhq/pelton/api/meter"
	"github.com/peltonhq/pelton/store/memory"
)

// The two APIs tell the same: what differs on purpose stands in these tables, and nothing else may.
var (
	// types are the words of GraphQL for messages, where they are others.
	types = map[string]string{"SessionHead": "Session", "ApiStats": "APIStats", "GraphqlStats": "GraphQLStats"}

	// fields are the words of GraphQL for fields, by "Message.field"; several words with a space between, or none for what it has not.
	fields = map[string]string{
		"SessionHead.key":  "key name snapshot", // a node of a list stands alone
		"Snapshot.payload": "payload payloadBase64", "TapEmit.payload": "payload payloadBase64", "TapSample.payload": "payload payloadBase64",
		"DeadLetter.payload": "payload payloadBase64", "Parked.payload": "payload payloadBase64",
		"DeadLetter.origin": "source incarnation lane position trace", "Parked.origin": "source incarnation lane position trace",
		"DeadLetter.cursor": "", "Parked.cursor": "", // of their edges
		"LotStats.parkedByKind": "byKind", "LotStats.droppedDead": "dropped", "LotStats.droppedParked": "dropped",
		"PluginStats.busy": "busyNs", "SourceStats.waitedMs": "waited", "TapStats.counts": "taken limited full",
		"SessionStats.queuedBytes": "queued", "SessionStats.sharedBytes": "shared", "SessionStats.givenBytes": "given",
		"SessionStats.recentBytes": "recent", "SessionStats.held": "heldNs",
	}

	// elsewhere are messages without a type of their own: inputs, and parts of others.
	elsewhere = []string{"Origin", "TapCounts", "Verdict", "Emit", "Strategy", "DeadFilter", "ParkedFilter", "IngestMessage"}
)

// Each message of the proto that is not a request or an answer has a type with the same fields, and no more.
func TestSameAsProto(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("schema.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	schema, err := gqlparser.LoadSchema(&ast.Source{Input: string(text)})
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	compare := func(name string, all []string) {
		typ := name
		if other, ok := types[name]; ok {
			typ = other
		}
		definition := schema.Types[typ]
		if definition == nil {
			t.Errorf("message %s: GraphQL has no type of it", name)
			return
		}
		var want, got []string
		for _, f := range all {
			key := name + "." + f
			if other, ok := fields[key]; ok {
				used[key] = true
				want = append(want, strings.Fields(other)...)
			} else {
				want = append(want, f)
			}
		}
		for _, f := range definition.Fields {
			got = append(got, f.Name)
		}
		slices.Sort(want)
		slices.Sort(got)
		if want = slices.Compact(want); !slices.Equal(got, want) {
			t.Errorf("message %s: GraphQL's %s has the fields\n\t%v, want\n\t%v", name, typ, got, want)
		}
	}
	for _, file := range []protoreflect.FileDescriptor{
		peltonv1.File_pelton_v1_audit_proto, peltonv1.File_pelton_v1_dead_proto, peltonv1.File_pelton_v1_delivery_proto,
		peltonv1.File_pelton_v1_ingest_proto, peltonv1.File_pelton_v1_parked_proto, peltonv1.File_pelton_v1_plugin_proto,
		peltonv1.File_pelton_v1_rollout_proto, peltonv1.File_pelton_v1_session_proto, peltonv1.File_pelton_v1_tap_proto,
		peltonv1.File_pelton_v1_wheel_proto,
	} {
		for i := range file.Messages().Len() {
			m := file.Messages().Get(i)
			name := string(m.Name())
			if strings.HasSuffix(name, "Request") || strings.HasSuffix(name, "Response") || slices.Contains(elsewhere, name) {
				continue
			}
			var all []string
			for j := range m.Fields().Len() {
				all = append(all, m.Fields().Get(j).JSONName())
			}
			compare(name, all)
		}
	}
	for key := range fields {
		if !used[key] {
			t.Errorf("%s is no field of a message", key)
		}
	}
}

// Figures that were in one API and not in the other.
func TestFigures(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, memory.New())
	w.Figures = api.Stats{
		Plugins: []api.PluginStats{{Usage: api.Usage{Unseen: 1}, Window: api.Window{MappedBytes: 2, CopiedBytes: 3, DirtyWindows: 4}}},
		Sessions: []api.SessionStats{{
			Followers: 1, Slow: 2, Queued: 3, Recent: 4, Shared: 5, Given: 6, Blockers: 7, Holding: 8, HeldNs: 9, HeldBy: "ten",
		}},
		Watching: api.Watching{Traces: &meter.TraceStats{Sent: 1, Failed: 2, Dropped: 3, Queued: 4}},
	}
	server := serve(t, w, graphql.Options{})
	const query = `{stats{plugins{shadowSkipped mappedBytes copiedBytes dirtyWindows}` +
		`sessions{followers slow queued recent shared given blockers holding heldNs heldBy}traces{sent failed dropped queued}api{connections streams reloads badReloads certificateExpiry}}}`
	const want = `{"stats":{"plugins":[{"shadowSkipped":"1","mappedBytes":"2","copiedBytes":"3","dirtyWindows":"4"}],` +
		`"sessions":[{"followers":1,"slow":"2","queued":"3","recent":"4","shared":"5","given":"6","blockers":7,"holding":8,"heldNs":"9","heldBy":"ten"}],` +
		`"traces":{"sent":"1","failed":"2","dropped":"3","queued":"4"},"api":{"connections":"0","streams":"0","reloads":"0","badReloads":"0","certificateExpiry":null}}}`
	if _, got := ask(t, server, http.MethodPost, query); !strings.Contains(got, want) {
		t.Errorf("%s\nwant %s", got, want)
	}
}
