module parked.test/profiled

go 1.18
