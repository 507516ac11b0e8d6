// Package clientv3 has a context that never ends, as go.etcd.io/etcd/client/v3 (watch.go) has it for
// what it asks for itself. The real one costs minutes to compile.
package clientv3

import "context"

// Nobody closes it: it is the channel of all contexts that only have values.
var valCtxCh = make(chan struct{})

type valCtx struct{ context.Context }

func (vc *valCtx) Done() <-chan struct{} { return valCtxCh }

// Endless has the values of the context, and no end. The caller does not know which context it is.
//
//go:noinline
func Endless(ctx context.Context) context.Context { return &valCtx{ctx} }

var closing = make(chan struct{})

// Closing is another channel of a variable, which CloseAll closes.
func Closing() <-chan struct{} { return closing }

// CloseAll ends who waits for that.
func CloseAll() { close(closing) }
