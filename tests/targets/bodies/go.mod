module parked.test/bodies

go 1.18
