module parked.test/zoo

go 1.18
