// Package testmain has a server for all of its tests.
package testmain

import (
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
)

var server *httptest.Server

func TestMain(m *testing.M) {
	server = httptest.NewServer(http.NotFoundHandler())
	code := m.Run()
	if os.Getenv("CLOSE") != "" {
		server.Close()
	}
	os.Exit(code)
}

func TestGet(t *testing.T) {
	response, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
}
