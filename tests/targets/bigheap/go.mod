module parked.test/bigheap

go 1.18
