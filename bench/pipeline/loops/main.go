// Command loops is the peers of workload W2 that are a plain loop in Go, from standard input to standard output.
//
//	loops gjson   bufio.Scanner, gjson to read, sjson to write
//	loops scan    a search for the field's bytes: no JSON is understood, so a nested field of that name would fool it
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strconv"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"
)

func main() {
	loops := map[string]func(in *bufio.Scanner, out *bufio.Writer) error{"gjson": withGJSON, "scan": withScan}
	loop := loops[os.Args[len(os.Args)-1]]
	if loop == nil {
		fmt.Fprintln(os.Stderr, "usage: loops gjson|scan")
		os.Exit(2)
	}
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 64<<10), 1<<20)
	out := bufio.NewWriterSize(os.Stdout, 64<<10)
	err := loop(in, out)
	if err == nil {
		err = in.Err()
	}
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "loops:", err)
		os.Exit(1)
	}
}

func withGJSON(in *bufio.Scanner, out *bufio.Writer) error {
	for in.Scan() {
		line := in.Bytes()
		if gjson.GetBytes(line, "value").Float() <= 50 {
			continue
		}
		line, err := sjson.SetBytes(line, "level", "high")
		if err != nil {
			return err
		}
		if _, err = out.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return nil
}

func withScan(in *bufio.Scanner, out *bufio.Writer) error {
	name := []byte(`"value":`)
	for in.Scan() {
		line := in.Bytes()
		_, rest, found := bytes.Cut(line, name)
		if !found {
			continue
		}
		value, err := strconv.ParseFloat(string(rest[:bytes.IndexAny(rest, ",}")]), 64)
		if err != nil {
			return err
		}
		if value <= 50 {
			continue
		}
		if _, err = out.Write(line[:len(line)-1]); err != nil {
			return err
		}
		if _, err = out.WriteString(",\"level\":\"high\"}\n"); err != nil {
			return err
		}
	}
	return nil
}
