module parked.test/pace

go 1.18
