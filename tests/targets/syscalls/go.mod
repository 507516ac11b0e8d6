module parked.test/syscalls

go 1.18
