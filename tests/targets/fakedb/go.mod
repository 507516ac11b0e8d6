module parked.test/fakedb

go 1.18
