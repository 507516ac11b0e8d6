module parked.test/files

go 1.18
