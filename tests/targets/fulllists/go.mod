module parked.test/fulllists

go 1.18
