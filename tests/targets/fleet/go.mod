module parked.test/fleet

go 1.18
