package main

import "testing"

func TestChoose(t *testing.T) {
	if all, err := choose(""); err != nil || len(all) != len(workloads) {
		t.Errorf("%d of %d workloads, %v", len(all), len(workloads), err)
	}
	if two, err := choose("w1,aa"); err != nil || len(two) != 2 || two[0].name != "w1" || two[1].name != "aa" {
		t.Errorf("%v, %v", two, err)
	}
	if _, err := choose("w9"); err == nil {
		t.Error("w9 was found")
	}
}
