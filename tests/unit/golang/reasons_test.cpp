#include "golang/reasons.h"

#include <gtest/gtest.h>

namespace parked::golang {
namespace {

TEST(ReasonsTest, EverySpellingHasItsClass) {
  const struct {
    std::string_view text;
    ReasonClass kind;
    bool durable;
  } cases[] = {
      {"", ReasonClass::none, false},
      {"chan receive", ReasonClass::chanReceive, false},
      {"chan receive (synctest)", ReasonClass::chanReceive, true},
      {"chan receive (durable)", ReasonClass::chanReceive, true},
      {"chan send (durable)", ReasonClass::chanSend, true},
      {"select (synctest)", ReasonClass::select, true},
      {"chan receive (nil chan)", ReasonClass::chanReceiveNil, false},
      {"chan send (nil chan)", ReasonClass::chanSendNil, false},
      {"select (no cases)", ReasonClass::selectNoCases, false},
      {"semacquire", ReasonClass::semacquire, false},
      {"sync.Mutex.Lock", ReasonClass::mutexLock, false},
      {"sync.RWMutex.RLock", ReasonClass::rwMutexRLock, false},
      {"sync.RWMutex.Lock", ReasonClass::rwMutexLock, false},
      {"sync.WaitGroup.Wait", ReasonClass::waitGroupWait, false},
      {"sync.WaitGroup.Wait (durable)", ReasonClass::waitGroupWait, true},
      {"sync.Cond.Wait", ReasonClass::condWait, false},
      {"sleep", ReasonClass::sleep, false},
      {"IO wait", ReasonClass::ioWait, false},
      {"coroutine", ReasonClass::coroutine, false},
      {"synctest.Wait", ReasonClass::synctest, false},
      {"GC worker (idle)", ReasonClass::runtimeInternal, false},
      {"cleanup wait", ReasonClass::runtimeInternal, false},
      {"a reason of a later release", ReasonClass::other, false},
  };
  for (const auto& expected : cases) {
    bool durable = !expected.durable;
    EXPECT_EQ(classifyReason(expected.text, durable), expected.kind) << expected.text;
    EXPECT_EQ(durable, expected.durable) << expected.text;
  }
}

}  // namespace
}  // namespace parked::golang
