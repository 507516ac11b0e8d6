// Package grpc is a client of no server, of the shape of google.golang.org/grpc v1.60 (stream.go):
// the goroutine beside each stream, and what it holds. The real one costs minutes to compile.
package grpc

import (
	"context"
	"errors"

	"google.golang.org/grpc/internal/transport"
)

var errClosing = errors.New("the connection is closing")

type DialOption interface{}

func WithInsecure() DialOption { return nil }

type CallOption interface{}

type StreamDesc struct {
	StreamName    string
	ServerStreams bool
	ClientStreams bool
}

type ClientStream interface {
	Context() context.Context
	CloseSend() error
	RecvMsg(m interface{}) error
}

type ClientConn struct {
	ctx    context.Context
	cancel context.CancelFunc
}

func Dial(target string, opts ...DialOption) (*ClientConn, error) {
	cc := &ClientConn{}
	cc.ctx, cc.cancel = context.WithCancel(context.Background())
	return cc, nil
}

func (cc *ClientConn) Close() error {
	cc.cancel()
	return nil
}

func (cc *ClientConn) NewStream(ctx context.Context, desc *StreamDesc, method string, opts ...CallOption) (ClientStream, error) {
	return newClientStreamWithParams(ctx, desc, cc, method)
}

type clientStream struct {
	callHdr  *transport.CallHdr
	desc     *StreamDesc
	cc       *ClientConn
	ctx      context.Context
	cancel   context.CancelFunc
	received int
	err      error
}

func newClientStreamWithParams(ctx context.Context, desc *StreamDesc, cc *ClientConn, method string) (ClientStream, error) {
	ctx, cancel := context.WithCancel(ctx)
	cs := &clientStream{
		callHdr: &transport.CallHdr{Method: method},
		desc:    desc,
		cc:      cc,
		ctx:     ctx,
		cancel:  cancel,
	}
	go func() {
		select {
		case <-cc.ctx.Done():
			cs.finish(errClosing)
		case <-ctx.Done():
			cs.finish(ctx.Err())
		}
	}()
	return cs, nil
}

func (cs *clientStream) finish(err error) {
	cs.err = err
	cs.cancel()
}

func (cs *clientStream) Context() context.Context { return cs.ctx }

func (cs *clientStream) CloseSend() error { return nil }

// RecvMsg has one message, and no more until the stream ends.
func (cs *clientStream) RecvMsg(m interface{}) error {
	if cs.received++; cs.received == 1 {
		return nil
	}
	<-cs.ctx.Done()
	return cs.ctx.Err()
}
