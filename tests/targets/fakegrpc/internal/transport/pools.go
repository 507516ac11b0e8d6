package transport

import "sync"

// BufferPool gives out buffers.
type BufferPool struct {
	pool  sync.Pool
	clear bool
}

func (p *BufferPool) Get(size int) *[]byte {
	if b, ok := p.pool.Get().(*[]byte); ok && cap(*b) >= size {
		*b = (*b)[:size]
		for i := range *b {
			if p.clear {
				(*b)[i] = 0
			}
		}
		return b
	}
	b := make([]byte, size)
	return &b
}

func (p *BufferPool) Put(b *[]byte) { p.pool.Put(b) }

var ioBufferPoolMap = make(map[int]*BufferPool)
var ioBufferMutex sync.Mutex

func ioBufferPool(size int) *BufferPool {
	ioBufferMutex.Lock()
	defer ioBufferMutex.Unlock()
	pool, ok := ioBufferPoolMap[size]
	if ok {
		return pool
	}
	pool = &BufferPool{}
	ioBufferPoolMap[size] = pool
	return pool
}

// Framer has a pool of buffers that all connections share.
type Framer struct {
	pool *BufferPool
	size int
}

func NewFramer(size int) Framer { return Framer{ioBufferPool(size), size} }

// Write takes a buffer and gives it back.
func (f *Framer) Write(b byte) {
	buffer := f.pool.Get(f.size)
	(*buffer)[0] = b
	f.pool.Put(buffer)
}
