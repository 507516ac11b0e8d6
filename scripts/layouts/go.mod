module layouts

go 1.22
