// Package fakedb is a database driver for tests: every query answers with a thousand rows of a number each.
package fakedb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io"
)

// Driver opens connections that exist in memory only.
type Driver struct{}

func init() { sql.Register("fake", Driver{}) }

func (Driver) Open(string) (driver.Conn, error) {
	return &fakeConn{}, nil
}

type fakeConn struct{ queries int }

func (c *fakeConn) Prepare(query string) (driver.Stmt, error) {
	return &fakeStmt{conn: c, query: query}, nil
}
func (c *fakeConn) Close() error              { return nil }
func (c *fakeConn) Begin() (driver.Tx, error) { return &fakeTx{conn: c}, nil }
func (c *fakeConn) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	c.queries++
	return &fakeRows{left: 1000}, nil
}

type fakeStmt struct {
	conn  *fakeConn
	query string
}

func (s *fakeStmt) Close() error                               { return nil }
func (s *fakeStmt) NumInput() int                              { return -1 }
func (s *fakeStmt) Exec([]driver.Value) (driver.Result, error) { return driver.RowsAffected(1), nil }
func (s *fakeStmt) Query([]driver.Value) (driver.Rows, error)  { return &fakeRows{left: 1000}, nil }

type fakeTx struct{ conn *fakeConn }

func (t *fakeTx) Commit() error   { return nil }
func (t *fakeTx) Rollback() error { return nil }

type fakeRows struct{ left int }

func (r *fakeRows) Columns() []string { return []string{"number"} }
func (r *fakeRows) Close() error      { return nil }
func (r *fakeRows) Next(values []driver.Value) error {
	if r.left == 0 {
		return io.EOF
	}
	r.left--
	values[0] = int64(r.left)
	return nil
}
