module parked.test/callers

go 1.18

require (
	example.org/queue v1.2.3
	parked.test/near v0.0.0
)

replace parked.test/near v0.0.0 => ./near
