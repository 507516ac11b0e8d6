module plugged

go 1.18
