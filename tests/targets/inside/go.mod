module inside

go 1.18
