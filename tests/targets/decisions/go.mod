module parked.test/decisions

go 1.18
