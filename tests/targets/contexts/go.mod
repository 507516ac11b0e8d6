module parked.test/contexts

go 1.18
