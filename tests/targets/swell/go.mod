module parked.test/swell

go 1.18
