module parked.test/locks

go 1.18
