#include "schema/sync_types.h"

namespace parked::schema {

SyncLayout SyncLayout::of(image::LayoutSource& source) {
  SyncLayout sync;
  std::vector<std::string> missing;
  image::Binder mutex(source, "sync.Mutex", missing);
  mutex.optional(sync.mutexState, "mu.state", "state");
  mutex.optional(sync.mutexSema, "mu.sema", "sema");

  image::Binder rwMutex(source, "sync.RWMutex", missing);
  sync.rwInner = rwMutex.offsetOf("w", false);
  rwMutex.optional(sync.rwWriterSem, "writerSem");
  rwMutex.optional(sync.rwReaderSem, "readerSem");
  rwMutex.optional(sync.rwReaderCount, "readerCount");
  rwMutex.optional(sync.rwReaderWait, "readerWait");

  image::Binder group(source, "sync.WaitGroup", missing);
  group.optional(sync.groupState, "state", "state1");
  group.optional(sync.groupSema, "sema", "state2");

  image::Binder cond(source, "sync.Cond", missing);
  sync.condNotify = cond.offsetOf("notify", false);
  sync.condLocker = cond.offsetOf("L", false);

  image::Binder once(source, "sync.Once", missing);
  once.optional(sync.onceDone, "done");
  sync.onceMutex = once.offsetOf("m", false);
  return sync;
}

NotifyListLayout NotifyListLayout::of(image::LayoutSource& source,
                                      std::vector<std::string>& missing) {
  NotifyListLayout list;
  image::Binder binder(source, "runtime.notifyList", missing);
  list.size = binder.size();
  binder.required(list.wait, "wait");
  binder.required(list.notify, "notify");
  binder.optional(list.lock, "lock.key");
  binder.required(list.head, "head");
  binder.required(list.tail, "tail");
  return list;
}

}  // namespace parked::schema
