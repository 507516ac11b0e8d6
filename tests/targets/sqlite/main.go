// SQLite through database/sql, by a driver in pure Go: real Rows that nobody closes, a Tx that
// nobody ends, a Conn that nobody returns, and goroutines that wait for one of their connections.
// With the argument "closed" it does the same, and closes everything.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	_ "modernc.org/sqlite"
)

var (
	closing = len(os.Args) > 1 && os.Args[1] == "closed"
	kept    []any
)

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

func open(name string, limit int) *sql.DB {
	db := must(sql.Open("sqlite", name))
	db.SetMaxOpenConns(limit)
	db.SetMaxIdleConns(limit)
	must(db.Exec("create table if not exists numbers (number integer)"))
	for i := 0; i < 100; i++ {
		must(db.Exec("insert into numbers values (?)", i))
	}
	kept = append(kept, db)
	return db
}

func stats(name string, db *sql.DB, users string) {
	s := db.Stats()
	fmt.Printf("SQL %s %p open=%d inuse=%d idle=%d max=%d waits=%d %s\n", name, db,
		s.OpenConnections, s.InUse, s.Idle, s.MaxOpenConnections, s.WaitCount, users)
}

//go:noinline
func firstRow(ctx context.Context, db *sql.DB) (number int) {
	rows := must(db.QueryContext(ctx, "select number from numbers"))
	if closing {
		defer rows.Close()
	}
	if rows.Next() {
		rows.Scan(&number)
	}
	return number
}

//go:noinline
func begin(ctx context.Context, db *sql.DB) {
	tx := must(db.BeginTx(ctx, nil))
	if closing {
		defer tx.Rollback()
	}
	tx.QueryRow("select count(*) from numbers").Scan(new(int))
}

//go:noinline
func ping(ctx context.Context, db *sql.DB) {
	conn := must(db.Conn(ctx))
	if closing {
		defer conn.Close()
	}
	conn.PingContext(ctx)
}

// A query inside of another one's rows.
func nested(db *sql.DB, told chan<- int) {
	told <- goid()
	rows := must(db.Query("select number from numbers limit 3"))
	defer rows.Close()
	if closing {
		rows.Close()
	}
	for rows.Next() {
		db.QueryRow("select count(*) from numbers").Scan(new(int))
	}
}

// A DB for one query.
//
//go:noinline
func count() {
	db := must(sql.Open("sqlite", "leaky.db"))
	if closing {
		defer db.Close()
	}
	db.QueryRow("select count(*) from numbers").Scan(new(int))
}

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	told := make(chan int, 3)

	leaky := open("leaky.db", 8)
	firstRow(ctx, leaky)
	firstRow(context.Background(), leaky)
	begin(ctx, leaky)
	begin(context.Background(), leaky)
	count()

	full := open("full.db", 1)
	var waiters []string
	for i := 0; i < 3; i++ {
		go nested(full, told)
		waiters = append(waiters, strconv.Itoa(<-told))
		time.Sleep(50 * time.Millisecond)
	}

	for i := 0; i < 2; i++ {
		time.Sleep(200 * time.Millisecond)
		runtime.GC()
	}
	// From here on nobody collects garbage: the Conn is still there to be told.
	debug.SetGCPercent(-1)
	ping(ctx, leaky)
	stats("leaky", leaky, "")
	stats("full", full, "waiters="+strings.Join(waiters, ","))
	fmt.Println("READY")
	os.Stdout.Sync()
	time.Sleep(time.Hour)
	runtime.KeepAlive(kept)
}
