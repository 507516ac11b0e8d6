module parked.test/churn

go 1.18
