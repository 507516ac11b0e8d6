module parked.test/paths

go 1.18
