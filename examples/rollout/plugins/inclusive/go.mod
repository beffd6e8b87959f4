module delays

go 1.24

require github.com/peltonhq/pelton/sdk/go v0.0.0

// For editors and tests in this repository. The wheel builds with the SDK that it carries.
replace github.com/peltonhq/pelton/sdk/go => ../../../../sdk/go
