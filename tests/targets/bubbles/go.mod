module parked.test/bubbles

go 1.24
