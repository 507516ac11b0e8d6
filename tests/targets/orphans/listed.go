package main

import "google.golang.org/grpc"

func init() { lost = append(lost, C_listed) }

// C_listed: nobody has the client, but a list for looking at that has a name where there are
// symbols.
//
//go:noinline
func C_listed() { grpc.NewWatched(tick) }
