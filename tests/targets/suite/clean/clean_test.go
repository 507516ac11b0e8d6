package clean

import (
	"fmt"
	"testing"
)

func TestSum(t *testing.T) {
	if Sum(1, 2, 3) != 6 {
		t.Fail()
	}
}

func TestParallel(t *testing.T) {
	for i := 0; i < 20; i++ {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			t.Run("within", func(t *testing.T) {
				t.Parallel()
				Sum(1, 2, 3, 4)
			})
		})
	}
}

func BenchmarkSum(b *testing.B) {
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			Sum(1, 2)
		}
	})
}

func ExampleSum() {
	fmt.Println(Sum(1, 2))
	// Output: 3
}
