module parked.test/preempted

go 1.18
