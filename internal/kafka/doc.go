// Package kafka is the way to a Kafka cluster that the source and the sink share: brokers, TLS and log-in as options of
// the client library.
//
// # Usage
//
//	access := kafka.Access{Brokers: []string{"127.0.0.1:9092"}}
//	options, err := access.Options()
//	client, err := kgo.NewClient(options...)
//
// # Failure
//
// Secrets are read from files when the options are made, and never stand in an error or a log. A file that can't be
// read, or holds nothing of use, is an error that names it.
package kafka
