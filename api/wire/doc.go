// Package wire turns the types of package api into the messages of pelton.v1 and back, for the servers and the client.
//
// # Ownership
//
// A conversion shares the bytes of payloads and keys with what it was given; nobody changes either afterwards.
//
// # Testing
//
// Every type is filled by reflection and goes there and back, so a forgotten field fails the test.
package wire
