module parked.test/gen
go 1.18
