// Rate-limited queues of client-go, each with a worker.
package main

import (
	"k8s.io/client-go/util/workqueue"

	"parked.test/libraries/lab"
)

func open(string) lab.Client {
	queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[string]())
	go func() {
		for {
			item, shutdown := queue.Get()
			if shutdown {
				return
			}
			queue.Done(item)
		}
	}()
	return lab.Client{Handle: queue, Use: func() { queue.Add("a") }, Close: queue.ShutDown}
}

func main() { lab.Main(lab.Library{Open: open}) }
