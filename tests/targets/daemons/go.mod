module parked.test/daemons

go 1.18
