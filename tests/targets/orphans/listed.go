package main

import "google.golang.org/grpc"

func init() { lost = append(lost, L_listed, L_pooled) }

// L_listed: nobody has the client, but a list for looking at.
//
//go:noinline
func L_listed() { grpc.NewWatched(tick) }

// L_pooled: nobody has the client, but what it takes its buffers from is in a map of a variable.
//
//go:noinline
func L_pooled() { grpc.NewPooled(tick) }
