module parked.test/web

go 1.18
