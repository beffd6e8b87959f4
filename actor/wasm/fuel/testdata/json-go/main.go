// The same in Go, by its standard library.
package main

import "encoding/json"

var document = []byte(`{"date":"2001/01/01 00:47","delay":66,"distance":1750,"origin":"DTW","destination":"LAS",` +
	`"legs":[{"carrier":"NW","minutes":241},{"carrier":"HP","minutes":38}],"late":true,"note":"a \"quoted\" word"}`)

type flight struct {
	Date        string `json:"date"`
	Delay       int    `json:"delay"`
	Distance    int    `json:"distance"`
	Origin      string `json:"origin"`
	Destination string `json:"destination"`
	Legs        []struct {
		Carrier string `json:"carrier"`
		Minutes int    `json:"minutes"`
	} `json:"legs"`
	Late bool   `json:"late"`
	Note string `json:"note"`
}

//go:wasmexport run
func run(n int32) int32 {
	var sum int32
	for range n {
		var f flight
		if err := json.Unmarshal(document, &f); err != nil {
			panic(err)
		}
		sum += int32(f.Delay + f.Legs[0].Minutes)
	}
	return sum
}

func main() {}
