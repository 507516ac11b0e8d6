module parked.test/vectors

go 1.18
