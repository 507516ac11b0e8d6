#include "target/pseudonyms.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace parked::target {
namespace {

Pseudonyms with(const std::vector<std::string>& texts) {
  Pseudonyms all;
  for (const std::string& each : texts) all.add(each);
  all.number();
  return all;
}

TEST(Pseudonyms, NumbersTextsInTheirOrder) {
  const std::vector<std::string> texts{"b", "j", "a", "c", "d", "e", "f", "g", "h", "i", "a"};
  const Pseudonyms all = with(texts);
  EXPECT_EQ(all.of("a"), "redacted-01");
  EXPECT_EQ(all.of("b"), "redacted-02");
  EXPECT_EQ(all.of("j"), "redacted-10");
  EXPECT_EQ(all.of("never added"), "redacted");
  EXPECT_EQ(all.of(""), "");
}

TEST(Pseudonyms, LeavesWhatIsNobodysOwn) {
  const std::vector<std::string> own{
      "GET",       "https",       "HTTP/1.1",   "tcp",
      "/dev/null", "pipe:[4711]", "socket:[1]", "anon_inode:[eventpoll]",
      "/dev/pts/3"};
  const Pseudonyms all = with(own);
  for (const std::string& each : own) EXPECT_EQ(all.of(each), each);
  for (const std::string secret : {"GETs", "pipe:[47x]", "anon_inode:[K3Y]", "/dev/shm/key"}) {
    EXPECT_EQ(with({secret}).of(secret).find(secret), std::string::npos) << secret;
  }
}

TEST(Pseudonyms, StandForWhatAReportAsks) {
  EXPECT_EQ(with({"/etc/key"}).of("/etc/key"), "/redacted-1");
  EXPECT_EQ(with({"/etc/key (deleted)"}).of("/etc/key (deleted)"), "/redacted-1 (deleted)");
  EXPECT_EQ(with({"two words"}).of("two words"), "redacted-1 text");
  EXPECT_EQ(with({"?q=key"}).of("?q=key"), "?redacted-1");
}

TEST(Pseudonyms, TakeTheHostOutOfAnAddress) {
  Pseudonyms all;
  for (const char* each : {"10.1.2.3:80", "[fe80::1]:443", "/run/key", "@key", ""}) {
    all.addEndpoint(each);
  }
  all.add("10.1.2.3");
  all.number();
  EXPECT_EQ(all.ofEndpoint("10.1.2.3:80"), all.of("10.1.2.3") + ":80");
  EXPECT_EQ(all.ofEndpoint("[fe80::1]:443"), all.of("fe80::1") + ":443");
  EXPECT_EQ(all.ofEndpoint("/run/key").find("key"), std::string::npos);
  EXPECT_EQ(all.ofEndpoint("@key").find("key"), std::string::npos);
  EXPECT_EQ(all.ofEndpoint(""), "");
}

TEST(Pseudonyms, TakeASentenceWithAPathOut) {
  Pseudonyms all;
  const std::string sentence = "/home/my key/lib.so is not here";
  all.addSentence(sentence);
  all.addSentence("it is cut off");
  all.number();
  EXPECT_EQ(all.ofSentence(sentence).find("key"), std::string::npos);
  EXPECT_EQ(all.ofSentence("it is cut off"), "it is cut off");
}

}  // namespace
}  // namespace parked::target
