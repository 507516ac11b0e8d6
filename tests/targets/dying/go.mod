module parked.test/dying

go 1.18
