// Loggers of lumberjack that rotate. Close does not end their goroutine.
package main

import (
	"os"
	"path/filepath"

	"gopkg.in/natefinch/lumberjack.v2"

	"parked.test/libraries/lab"
)

func open(string) lab.Client {
	folder, err := os.MkdirTemp("", "lumberjack")
	lab.Check(err)
	logger := &lumberjack.Logger{Filename: filepath.Join(folder, "log"), MaxBackups: 1}
	use := func() {
		_, err := logger.Write([]byte("a"))
		lab.Check(err)
		lab.Check(logger.Rotate())
	}
	return lab.Client{Handle: logger, Use: use, Close: func() { logger.Close() }}
}

func main() { lab.Main(lab.Library{Open: open}) }
