//go:build race

package wasm_test

const detector = true
