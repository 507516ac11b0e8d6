module parked.test/many

go 1.23
