package orders

import (
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"
)

// It passes, and leaves two of three suppliers behind.
func TestPrice(t *testing.T) {
	w := httptest.NewRecorder()
	Price(w, httptest.NewRequest("GET", "/price", nil))
	if !strings.HasPrefix(w.Body.String(), "10") {
		t.Fatal(w.Body)
	}
	// A goroutine that was just made has not begun to wait.
	buffer := make([]byte, 1<<20)
	for strings.Count(string(buffer[:runtime.Stack(buffer, true)]), "[chan send") < 2 {
		time.Sleep(time.Millisecond)
	}
}
