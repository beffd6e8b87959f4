module golang

go 1.24

require github.com/peltonhq/pelton/sdk/go v0.0.0

// For editors and tests in this repository. It is built with the SDK that Pelton carries.
replace github.com/peltonhq/pelton/sdk/go => ../../../sdk/go
