module parked.test/growth

go 1.18
