module parked.test/family

go 1.18
