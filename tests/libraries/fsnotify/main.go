// Watchers of fsnotify, each with who receives from it.
package main

import (
	"github.com/fsnotify/fsnotify"

	"parked.test/libraries/lab"
)

func open(string) lab.Client {
	watcher, err := fsnotify.NewWatcher()
	lab.Check(err)
	go func() {
		for range watcher.Events {
		}
	}()
	return lab.Client{
		Handle: watcher,
		Use:    func() { lab.Check(watcher.Add(".")) },
		Close:  func() { watcher.Close() },
	}
}

func main() { lab.Main(lab.Library{Open: open}) }
