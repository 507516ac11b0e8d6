// Clients of franz-go for Kafka; no broker answers.
package main

import (
	"github.com/twmb/franz-go/pkg/kgo"

	"parked.test/libraries/lab"
)

func open(string) lab.Client {
	client, err := kgo.NewClient(kgo.SeedBrokers("127.0.0.1:1"), kgo.ConsumeTopics("news"))
	lab.Check(err)
	return lab.Client{Handle: client, Use: func() { client.BufferedProduceRecords() }, Close: client.Close}
}

func main() { lab.Main(lab.Library{Open: open}) }
