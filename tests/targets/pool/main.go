// Pools of database/sql in states the program knows of: it prints DB.Stats for each.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"runtime"
	"time"

	_ "parked.test/fakedb"
)

var (
	databases []*sql.DB
	kept      []any // reachable users of connections
)

func open(limit int) *sql.DB {
	db, err := sql.Open("fake", "")
	if err != nil {
		panic(err)
	}
	db.SetMaxOpenConns(limit)
	databases = append(databases, db)
	return db
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func stats(name string, db *sql.DB, users string) {
	s := db.Stats()
	fmt.Printf("SQL %s %p open=%d inuse=%d idle=%d max=%d waits=%d %s\n", name, db,
		s.OpenConnections, s.InUse, s.Idle, s.MaxOpenConnections, s.WaitCount, users)
}

//go:noinline
func loseRows(db *sql.DB) {
	rows := must(db.Query("select"))
	rows.Next()
}

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	idle := open(0)
	rows := must(idle.Query("select"))
	rows.Close()

	busy := open(10)
	kept = append(kept, must(busy.Query("select")), must(busy.QueryContext(ctx, "select")))
	kept = append(kept, must(busy.BeginTx(ctx, nil)))
	kept = append(kept, must(busy.Conn(ctx)))

	full := open(1)
	kept = append(kept, must(full.Begin()))
	for i := 0; i < 3; i++ {
		go full.Query("select")
	}

	leaky := open(5)
	for i := 0; i < 2; i++ {
		loseRows(leaky)
	}

	prepared := open(0)
	statement := must(prepared.Prepare("select"))
	kept = append(kept, statement)
	must(statement.Query()).Close()

	time.Sleep(200 * time.Millisecond)
	runtime.GC()
	stats("idle", idle, "")
	stats("busy", busy, "rows=2 tx=1 conn=1")
	stats("full", full, "tx=1")
	stats("leaky", leaky, "lost=2")
	stats("prepared", prepared, "")
	fmt.Println("READY")
	os.Stdout.Sync()
	time.Sleep(time.Hour)
	runtime.KeepAlive(kept)
}
