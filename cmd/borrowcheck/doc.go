// Command borrowcheck reports borrowed messages that outlive their turn; package sdk/borrowcheck says what that is.
//
//	go run github.com/peltonhq/pelton/cmd/borrowcheck ./...
//
// is short for building it and giving it to go vet, which keeps its results in the build cache:
//
//	go build -o borrowcheck github.com/peltonhq/pelton/cmd/borrowcheck
//	go vet -vettool=$PWD/borrowcheck ./...
//
// Flags and packages are those of go vet. The exit code is go vet's: 0 when nothing was found. It is 3 when go vet could not
// be run at all.
package main
