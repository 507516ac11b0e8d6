module parked.test/busy

go 1.18
