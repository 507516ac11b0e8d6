module parked.test/libpools

go 1.19

require (
	github.com/gomodule/redigo v1.9.2
	github.com/jackc/puddle/v2 v2.2.1
	github.com/redis/go-redis/v9 v9.7.0
)

require (
	github.com/cespare/xxhash/v2 v2.2.0 // indirect
	github.com/dgryski/go-rendezvous v0.0.0-20200823014737-9f7001d12a5f // indirect
	golang.org/x/sync v0.1.0 // indirect
)
