module parked.test/maps

go 1.18
