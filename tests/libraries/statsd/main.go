// Clients of Datadog's statsd, over UDP to a port where nobody listens.
package main

import (
	"github.com/DataDog/datadog-go/v5/statsd"

	"parked.test/libraries/lab"
)

func open(string) lab.Client {
	client, err := statsd.New("127.0.0.1:1", statsd.WithoutTelemetry())
	lab.Check(err)
	return lab.Client{
		Handle: client,
		Use:    func() { lab.Check(client.Incr("a", nil, 1)) },
		Close:  func() { client.Close() },
	}
}

func main() { lab.Main(lab.Library{Open: open}) }
