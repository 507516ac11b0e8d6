module parked.test/timers

go 1.18
