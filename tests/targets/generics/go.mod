module parked.test/generics

go 1.18
