package demo

import (
	"bytes"
	"math/rand/v2"
	"strconv"
	"time"
)

// airports are the first origins; further ones are made up.
var airports = [DefaultKeys]string{
	"ORD", "DFW", "ATL", "LAX", "PHX", "STL", "DTW", "MSP", "LAS", "BOS", "DEN", "IAH",
	"EWR", "SFO", "LGA", "PHL", "SEA", "CLT", "PIT", "MCO", "SLC", "OAK", "BWI", "HNL",
}

var start = time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)

// flight appends message number seq, from 1. It depends on seq and the options alone.
func (o *Options) flight(dst []byte, seq uint64) []byte {
	var r rand.PCG
	r.Seed(o.Seed, seq)
	delay := -15 + int(r.Uint64()%30)
	if r.Uint64()%5 == 0 { // one in five is really late
		delay += int(r.Uint64() % 180)
	}
	// The date stays within four digits of year.
	date := start.Add(time.Duration(seq%1_000_000_000) * time.Minute)
	dst = append(dst, `{"seq":`...)
	dst = strconv.AppendUint(dst, seq, 10)
	dst = append(dst, `,"date":"`...)
	dst = date.AppendFormat(dst, "2006/01/02 15:04")
	dst = append(dst, `","delay":`...)
	dst = strconv.AppendInt(dst, int64(delay), 10)
	dst = append(dst, `,"distance":`...)
	dst = strconv.AppendUint(dst, 80+r.Uint64()%2500, 10)
	dst = append(dst, `,"origin":"`...)
	dst = airport(dst, r.Uint64()%uint64(o.Keys))
	dst = append(dst, `","destination":"`...)
	dst = airport(dst, r.Uint64()%uint64(o.Keys))
	if o.Size > 0 {
		dst = append(dst, `","pad":"`...)
		dst = append(dst, bytes.Repeat([]byte{'.'}, o.Size)...)
	}
	return append(dst, `"}`...)
}

func airport(dst []byte, n uint64) []byte {
	if n < uint64(len(airports)) {
		return append(dst, airports[n]...)
	}
	return strconv.AppendUint(append(dst, 'X'), n, 10)
}
