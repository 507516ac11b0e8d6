// Clients of gRPC.
package main

import (
	"context"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"parked.test/libraries/lab"
)

func serve() string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	lab.Check(err)
	server := grpc.NewServer()
	healthpb.RegisterHealthServer(server, health.NewServer())
	go server.Serve(listener)
	return listener.Addr().String()
}

func open(address string) lab.Client {
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	lab.Check(err)
	use := func() {
		_, err := healthpb.NewHealthClient(conn).Check(context.Background(), &healthpb.HealthCheckRequest{})
		lab.Check(err)
	}
	return lab.Client{Handle: conn, Use: use, Close: func() { conn.Close() }}
}

func main() { lab.Main(lab.Library{Serve: serve, Open: open}) }
