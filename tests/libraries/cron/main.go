// Schedulers of robfig/cron.
package main

import (
	"github.com/robfig/cron/v3"

	"parked.test/libraries/lab"
)

func open(string) lab.Client {
	scheduler := cron.New()
	_, err := scheduler.AddFunc("@every 1h", func() {})
	lab.Check(err)
	scheduler.Start()
	return lab.Client{Handle: scheduler, Use: func() { scheduler.Entries() }, Close: func() { scheduler.Stop() }}
}

func main() { lab.Main(lab.Library{Open: open}) }
