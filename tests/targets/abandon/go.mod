module parked.test/abandon

go 1.18
