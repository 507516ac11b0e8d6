module parked.test/parkers

go 1.18
