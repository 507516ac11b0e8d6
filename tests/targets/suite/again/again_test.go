// Package again runs itself as a child, as tests of commands do.
package again

import (
	"os"
	"os/exec"
	"testing"

	"parked.test/suite/leaky"
)

func TestChild(t *testing.T) {
	if os.Getenv("CHILD") != "" {
		leaky.First()
		leaky.Settle(1)
		os.Exit(3)
	}
	for i := 0; i < 3; i++ {
		child := exec.Command(os.Args[0], "-test.run=TestChild")
		child.Env = append(os.Environ(), "CHILD=1")
		out, err := child.CombinedOutput()
		if err == nil || err.Error() != "exit status 3" || len(out) != 0 {
			t.Fatal(err, string(out))
		}
	}
}
