// The protocol's own suite against the wheel at STREAMS_URL. A stream of the suite, /v1/stream/X, is the key
// "v1/stream/X" of the session name there.
import { runConformanceTests } from "@durable-streams/server-conformance-tests"

runConformanceTests({ baseUrl: process.env.STREAMS_URL })
