module github.com/peltonhq/pelton/sdk/go

go 1.24
