// Package transport has what a stream of grpc-go knows of its call.
package transport

// CallHdr is what the call begins with.
type CallHdr struct {
	Host   string
	Method string
}
