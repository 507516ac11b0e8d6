module parked.test/orphans

go 1.18
