module parked.test/shutdown

go 1.18
