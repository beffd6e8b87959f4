// Package fields measures what it saves that a source locates fields once: N plugins read the same three fields of every
// message, through the same wheel, where they are located by the source or by each plugin itself.
//
//	located:  source scans once ─▶ N × view.At(i) ─▶ numbers
//	gjson:    source takes lines as they are ─▶ N × three searches by gjson ─▶ numbers
//
// # Failure
//
// Every plugin adds up what it read; a sum that is not the expected one fails the run.
package fields
