module parked.test/crowd

go 1.18
