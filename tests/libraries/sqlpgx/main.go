// Pools of database/sql over pgx. PARKED_POSTGRES has where the server is.
package main

import (
	"database/sql"
	"os"

	_ "github.com/jackc/pgx/v5/stdlib"

	"parked.test/libraries/lab"
)

func open(string) lab.Client {
	db, err := sql.Open("pgx", os.Getenv("PARKED_POSTGRES"))
	lab.Check(err)
	use := func() {
		var one int
		lab.Check(db.QueryRow("select 1").Scan(&one))
	}
	return lab.Client{Handle: db, Use: use, Close: func() { db.Close() }}
}

func main() { lab.Main(lab.Library{Open: open}) }
