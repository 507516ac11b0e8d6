// Package truth collects where goroutines are about to block.
package truth

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
)

// Whose line it is.
const (
	Own      = "main_module"
	Local    = "local_module"
	Library  = "library"
	Standard = "standard_library"
)

type place struct {
	Func    string `json:"func"`
	File    string `json:"file"`
	Line    int    `json:"line"`
	Of      string `json:"of"`
	Library string `json:"library"` // the end of the function's name; "" if none
}

var (
	mutex  sync.Mutex
	places []place
	ready  sync.WaitGroup
)

// Expect announces a goroutine that will call Next.
func Expect() { ready.Add(1) }

// Next says that the line after the caller's blocks in a function of a library.
func Next(library, of string) {
	pc, file, line, _ := runtime.Caller(1)
	name := runtime.FuncForPC(pc).Name()
	if frame, _ := runtime.CallersFrames([]uintptr{pc + 1}).Next(); frame.Function != "" {
		name = frame.Function
	}
	mutex.Lock()
	defer mutex.Unlock()
	places = append(places, place{name, filepath.Base(file), line + 1, of, library})
	ready.Done()
}

// Print waits for all that were announced.
func Print() {
	ready.Wait()
	text, err := json.Marshal(map[string]any{"places": places})
	if err != nil {
		panic(err)
	}
	fmt.Println(string(text))
}
