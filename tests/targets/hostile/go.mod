module parked.test/hostile

go 1.18

require parked.test/fakedb v0.0.0

replace parked.test/fakedb => ../fakedb
