module parked.test/leakyweb

go 1.18
