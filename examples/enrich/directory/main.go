// Command directory is a service for examples/enrich: it knows the cities of some airports.
package main

import (
	"flag"
	"fmt"
	"log"
	"net/http"
	"time"
)

var cities = map[string]string{
	"ATL": "Atlanta", "BOS": "Boston", "BWI": "Baltimore", "CLT": "Charlotte", "CVG": "Cincinnati", "DCA": "Washington", "DEN": "Denver",
	"DFW": "Dallas", "DTW": "Detroit", "EWR": "Newark", "IAH": "Houston", "JFK": "New York", "LAS": "Las Vegas", "LAX": "Los Angeles",
	"LGA": "New York", "MCO": "Orlando", "MDW": "Chicago", "MIA": "Miami", "MSP": "Minneapolis", "OAK": "Oakland", "ORD": "Chicago",
	"PDX": "Portland", "PHL": "Philadelphia", "PHX": "Phoenix", "PIT": "Pittsburgh", "SAN": "San Diego", "SEA": "Seattle",
	"SFO": "San Francisco", "SJC": "San Jose", "SLC": "Salt Lake City", "STL": "St. Louis", "TPA": "Tampa",
}

func main() {
	listen := flag.String("listen", "127.0.0.1:7080", "address")
	flag.Parse()
	http.HandleFunc("GET /airports/{code}", func(w http.ResponseWriter, r *http.Request) {
		city, ok := cities[r.PathValue("code")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, city)
	})
	server := &http.Server{Addr: *listen, ReadHeaderTimeout: 5 * time.Second}
	log.Printf("listening on http://%s/airports/ORD", *listen)
	log.Fatal(server.ListenAndServe())
}
