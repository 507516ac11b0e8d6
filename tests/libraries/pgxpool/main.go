// Pools of pgx. PARKED_POSTGRES has where the server is.
package main

import (
	"context"
	"os"

	"github.com/jackc/pgx/v5/pgxpool"

	"parked.test/libraries/lab"
)

func open(string) lab.Client {
	pool, err := pgxpool.New(context.Background(), os.Getenv("PARKED_POSTGRES"))
	lab.Check(err)
	use := func() {
		var one int
		lab.Check(pool.QueryRow(context.Background(), "select 1").Scan(&one))
	}
	return lab.Client{Handle: pool, Use: use, Close: pool.Close}
}

func main() { lab.Main(lab.Library{Open: open}) }
