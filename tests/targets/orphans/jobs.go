package main

import (
	"context"
	"time"
)

// Workers that everybody can wake by a job, and that end with a context besides: of the first
// nobody can cancel it.
func init() {
	held = append(held, V_jobsCancelLost, V_jobsCancelKept, V_jobsCancelInStruct, V_jobsOwnCancel,
		V_jobsParent, V_jobsDeadline, V_jobsBackground, V_jobsOneContext)
}

var jobs = make(chan int)

//go:noinline
func work(ctx context.Context) {
	for {
		select {
		case n := <-jobs:
			keepers.any = append(keepers.any, n)
		case <-ctx.Done():
			return
		}
	}
}

//go:noinline
func V_jobsCancelLost() {
	ctx, cancel := context.WithCancel(context.Background())
	_ = cancel
	go work(ctx)
}

//go:noinline
func V_jobsCancelKept() {
	ctx, cancel := context.WithCancel(context.Background())
	keepers.stops = append(keepers.stops, cancel)
	go workKept(ctx)
}

//go:noinline
func workKept(ctx context.Context) { work(ctx) }

type scope struct {
	ctx    context.Context
	cancel func()
}

//go:noinline
func V_jobsCancelInStruct() {
	s := &scope{}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	go s.work()
}

// work may cancel by itself.
//
//go:noinline
func (s *scope) work() {
	work(s.ctx)
	s.cancel()
}

//go:noinline
func V_jobsOwnCancel() {
	go func() {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		work(ctx)
	}()
}

var shift, endShift = context.WithCancel(context.Background())

//go:noinline
func V_jobsParent() {
	ctx, cancel := context.WithCancel(shift)
	_ = cancel
	go workParent(ctx)
}

//go:noinline
func workParent(ctx context.Context) { work(ctx) }

//go:noinline
func V_jobsDeadline() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	_ = cancel
	go workDeadline(ctx)
}

//go:noinline
func workDeadline(ctx context.Context) { work(ctx) }

//go:noinline
func V_jobsBackground() { go workBackground(context.Background()) }

//go:noinline
func workBackground(ctx context.Context) { work(ctx) }

var forAll context.Context

// V_jobsOneContext: a pool that is to live as long as the program.
//
//go:noinline
func V_jobsOneContext() {
	if forAll == nil {
		ctx, cancel := context.WithCancel(context.Background())
		forAll, _ = ctx, cancel
	}
	go workOne(forAll)
}

//go:noinline
func workOne(ctx context.Context) { work(ctx) }
