module parked.test/pool

go 1.18
