module parked.test/twins

go 1.18
