module parked.test/retain

go 1.18
