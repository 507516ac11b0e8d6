module parked.test/suite

go 1.18
