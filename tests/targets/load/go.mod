module parked.test/load

go 1.18
