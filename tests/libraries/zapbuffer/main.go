// Buffered writers of zap.
package main

import (
	"io"

	"go.uber.org/zap/zapcore"

	"parked.test/libraries/lab"
)

func open(string) lab.Client {
	writer := &zapcore.BufferedWriteSyncer{WS: zapcore.AddSync(io.Discard)}
	use := func() {
		_, err := writer.Write([]byte("a"))
		lab.Check(err)
	}
	return lab.Client{Handle: writer, Use: use, Close: func() { lab.Check(writer.Stop()) }}
}

func main() { lab.Main(lab.Library{Open: open}) }
