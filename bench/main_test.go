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

// The README shows the figures of RESULTS.md.
func TestReadme(t *testing.T) {
	was, is, err := updated("../README.md", "RESULTS.md")
	if err != nil {
		t.Fatal(err)
	}
	if was != is {
		t.Error("the README's table is not that of RESULTS.md: cd bench && go run . -readme")
	}
}

func TestReplace(t *testing.T) {
	table, err := short("# Results\n\n## In short\n\n| a |\n|---|\n| 1 |\n\n## Targets\n")
	if err != nil || table != "| a |\n|---|\n| 1 |\n" {
		t.Fatalf("%q, %v", table, err)
	}
	got, err := replace("x\n"+opening+"old\n"+closing+"y\n", table)
	if want := "x\n" + opening + "\n" + table + "\n" + closing + "y\n"; err != nil || got != want {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := short("# Results\n"); err == nil {
		t.Error("a table was found in nothing")
	}
	if _, err := replace("no place", table); err == nil {
		t.Error("a place was found in nothing")
	}
}
