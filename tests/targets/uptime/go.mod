module parked.test/uptime

go 1.18
