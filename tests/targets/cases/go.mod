module parked.test/cases

go 1.18
