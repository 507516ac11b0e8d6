// Goroutines that wait for locks, and those that hold them.
package main

import (
	"fmt"
	"sync"
	"time"
)

// Everything hangs on globals: reachability cannot decide, so that who holds what must be told.
var (
	first, second sync.Mutex
	table         sync.RWMutex
	quiet         sync.Mutex
	bank          = &account{}
	other         = &account{}
	never         = make(chan int)
)

type account struct {
	name    string
	mu      sync.Mutex
	balance int
}

//go:noinline
func forward(ready *sync.WaitGroup) {
	first.Lock()
	ready.Done()
	time.Sleep(100 * time.Millisecond)
	second.Lock()
	fmt.Println("never")
	second.Unlock()
	first.Unlock()
}

//go:noinline
func backward(ready *sync.WaitGroup) {
	second.Lock()
	defer second.Unlock()
	ready.Done()
	time.Sleep(100 * time.Millisecond)
	first.Lock()
	defer first.Unlock()
	fmt.Println("never")
}

// The classical transfer: locks of two objects of a kind, in the order of the arguments.
//
//go:noinline
func (a *account) transfer(to *account, ready *sync.WaitGroup) {
	a.mu.Lock()
	defer a.mu.Unlock()
	ready.Done()
	time.Sleep(100 * time.Millisecond)
	to.credit(1)
	a.balance--
}

//go:noinline
func (a *account) credit(n int) {
	a.mu.Lock()
	a.balance += n
	a.mu.Unlock()
}

// Holds a lock while it waits for something else.
//
//go:noinline
func reader(ready *sync.WaitGroup) {
	table.RLock()
	ready.Done()
	fmt.Println(<-never)
	table.RUnlock()
}

//go:noinline
func writer() {
	table.Lock()
	table.Unlock()
}

// Has locked and unlocked: not a holder.
//
//go:noinline
func finished(ready *sync.WaitGroup) {
	quiet.Lock()
	fmt.Print()
	quiet.Unlock()
	ready.Done()
	fmt.Println(<-never)
}

//go:noinline
func keeper(ready *sync.WaitGroup) {
	quiet.Lock()
	defer quiet.Unlock()
	ready.Done()
	fmt.Println(<-never)
}

//go:noinline
func victim() {
	quiet.Lock()
	fmt.Print()
	quiet.Unlock()
}

// Waits for a lock of a circle, is not in it.
//
//go:noinline
func bystander() {
	first.Lock()
	fmt.Print()
	first.Unlock()
}

func main() {
	var ready sync.WaitGroup
	ready.Add(1)
	go finished(&ready)
	ready.Wait()
	ready.Add(6)
	go forward(&ready)
	go backward(&ready)
	go bank.transfer(other, &ready)
	go other.transfer(bank, &ready)
	go reader(&ready)
	go keeper(&ready)
	ready.Wait()
	time.Sleep(300 * time.Millisecond)
	go writer()
	go victim()
	go bystander()
	time.Sleep(200 * time.Millisecond)
	fmt.Println(scenes())
	fmt.Println("READY")
	time.Sleep(time.Hour)
}
