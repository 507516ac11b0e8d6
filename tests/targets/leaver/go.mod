module parked.test/leaver

go 1.18
