// Command broker is a Kafka cluster in memory, of one broker, for examples/kafka and for trying things out: it has the
// topics flights, with the flights of a file in it by their airport, and late. What is in it is gone when it ends.
//
//	go run ./internal/kafka/broker [-listen 127.0.0.1:9092] [-flights examples/flights/flights.jsonl]
package main
