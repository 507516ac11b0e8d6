module parked.test/circles

go 1.18
