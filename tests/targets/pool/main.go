// Pools of database/sql in states the program knows of: it prints DB.Stats for each, and who has
// its connections.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	_ "parked.test/fakedb"
)

// A session keeps a connection's user where others can find it.
type session struct {
	name string
	rows *sql.Rows
}

var (
	databases []*sql.DB
	kept      []any // reachable users of connections
	sessions  = map[string]*session{}
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

// Goroutine that calls it.
func goid() int {
	header := make([]byte, 64)
	header = header[:runtime.Stack(header, false)]
	return must(strconv.Atoi(strings.Fields(string(header))[1]))
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

//go:noinline
func loseTx(ctx context.Context, db *sql.DB) {
	must(db.BeginTx(ctx, nil))
}

//go:noinline
func loseConn(ctx context.Context, db *sql.DB) {
	must(db.Conn(ctx))
}

// Has Rows on its stack for ever, and nowhere else.
func readSlowly(db *sql.DB, told chan<- int) {
	rows := must(db.Query("select"))
	rows.Next()
	told <- goid()
	time.Sleep(time.Hour)
	rows.Close()
}

func waitForConn(db *sql.DB, told chan<- int) {
	told <- goid()
	db.QueryRow("select").Scan(new(int))
}

// A DB for one call: nothing can use or close it any more.
//
//go:noinline
func dropDB() {
	db := must(sql.Open("fake", ""))
	db.QueryRow("select").Scan(new(int))
	fmt.Printf("DROPPED %p\n", db)
}

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	told := make(chan int)

	idle := open(0)
	must(idle.Query("select")).Close()
	idle.SetMaxIdleConns(4)
	for _, conn := range []*sql.Conn{must(idle.Conn(ctx)), must(idle.Conn(ctx))} {
		conn.Close()
	}

	busy := open(10)
	sessions["shop"] = &session{"shop", must(busy.QueryContext(ctx, "select"))}
	kept = append(kept, must(busy.Query("select")))
	kept = append(kept, must(busy.BeginTx(ctx, nil)))
	kept = append(kept, must(busy.Conn(ctx)))
	go readSlowly(busy, told)
	reader := <-told

	full := open(1)
	tx := must(full.Begin())
	kept = append(kept, tx)
	var waiters []string
	for i := 0; i < 3; i++ {
		go waitForConn(full, told)
		waiters = append(waiters, strconv.Itoa(<-told))
	}

	leaky := open(6)
	loseRows(leaky)
	loseRows(leaky)
	loseTx(context.Background(), leaky)
	loseTx(ctx, leaky)
	loseConn(ctx, leaky)

	prepared := open(0)
	statement := must(prepared.Prepare("select"))
	kept = append(kept, statement)
	must(statement.Query()).Close()

	closed := open(0)
	must(closed.Query("select")).Close()
	closed.Close()
	dropDB()

	time.Sleep(200 * time.Millisecond)
	runtime.GC()
	stats("idle", idle, "")
	stats("busy", busy, fmt.Sprintf("rows=3 tx=1 conn=1 reader=%d", reader))
	stats("full", full, "tx=1 waiters="+strings.Join(waiters, ","))
	stats("leaky", leaky, "lost=4 watched=1")
	stats("prepared", prepared, "")
	fmt.Println("READY")
	os.Stdout.Sync()
	time.Sleep(time.Hour)
	runtime.KeepAlive(kept)
	runtime.KeepAlive(sessions)
}
