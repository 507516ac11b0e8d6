// Package mailer leaks a select with no way out and a pipe reader.
package mailer

import "os"

var keep []*os.File

// Start starts goroutines that never end.
func Start() {
	go forever()
	go send(make(chan string), make(chan error))
	reader, writer, err := os.Pipe()
	if err == nil {
		keep = append(keep, writer)
		go readSpool(reader)
	}
}

func forever() { select {} }

func send(mail chan string, failed chan error) {
	select {
	case m := <-mail:
		_ = m
	case failed <- nil:
	}
}

func readSpool(spool *os.File) {
	var line [64]byte
	spool.Read(line[:])
}
