// Which words of a target are pointers, as far as a proof or a way between objects goes.
#pragma once

#include "base/observer.h"
#include "golang/snapshot.h"
#include "heap/heap.h"

namespace parked::proof {

/// Tells the log of the target's memory, which must have one, of every word that is a pointer into
/// memory: in objects of the heap that are allocated, in variables, live on a goroutine's stack,
/// and what says which type a pointer of an interface has. Where nobody tells which words are
/// pointers (frames that a signal interrupted, stacks of threads), those that lead into the heap or
/// a stack. False if the user interrupted.
bool notePointerWords(const golang::Snapshot& snapshot, const heap::Heap& heap, Observer* observer);

}  // namespace parked::proof
