package scaffold

// config is the config of a new project.
const config = `# A wheel that turns. Every key is described by "pelton config schema".
sources:
  flights:
    demo: {keys: 5, rate: 5/s}          # flights that are made up; file and http are the others
    decode: {format: json, key: origin}

plugins:
  hello:
    from: [flights]
    wasm: {path: plugins/hello}         # Go source; built when the wheel starts

sessions:
  latest:                               # the newest message of each key, and those before it
    from: [hello]
    retain: {snapshots: 1000}
`

// readme is the README of a new project.
const readme = `# A Pelton project

    pelton run                                 # builds the plugin, then runs until Ctrl-C
    pelton session list latest                 # in a second terminal
    pelton session follow latest               # every message as it comes
    pelton plugin swap hello plugins/hello     # after an edit of plugins/hello/main.go
    pelton plugin history hello

The store is in .pelton; remove it to begin anew. The plugin's test runs with "go test" in
plugins/hello.
`
