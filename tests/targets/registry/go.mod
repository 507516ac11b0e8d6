module parked.test/registry

go 1.18
