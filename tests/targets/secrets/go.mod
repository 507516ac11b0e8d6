module parked.test/secrets

go 1.18
