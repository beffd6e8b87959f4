module example.com/checks

go 1.24

require github.com/peltonhq/pelton/sdk/go v0.0.0
