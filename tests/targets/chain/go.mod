module parked.test/chain

go 1.18
