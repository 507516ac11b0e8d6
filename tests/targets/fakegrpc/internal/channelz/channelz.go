// Package channelz has the list of connections that gRPC's service of that name answers from.
package channelz

import "sync"

type channelMap struct {
	mu      sync.Mutex
	sockets map[int64]func() int64
}

var db = &channelMap{sockets: map[int64]func() int64{}}

// RegisterSocket puts in what tells a connection's numbers. It leaves when the connection is closed.
func RegisterSocket(metrics func() int64) (remove func()) {
	db.mu.Lock()
	defer db.mu.Unlock()
	id := int64(len(db.sockets))
	db.sockets[id] = metrics
	return func() {
		db.mu.Lock()
		defer db.mu.Unlock()
		delete(db.sockets, id)
	}
}
