module keeper

go 1.24

require github.com/peltonhq/pelton/sdk/go v0.0.0

replace github.com/peltonhq/pelton/sdk/go => ../../../../sdk/go
