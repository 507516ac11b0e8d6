#include "leak/handles.h"

#include <gtest/gtest.h>
#include <string>

#include "leak/island_words.h"

namespace parked::leak {
namespace {

TEST(TellingText, AsItIs) {
  EXPECT_EQ(tellingText("127.0.0.1:50051"), "127.0.0.1:50051");
  EXPECT_EQ(tellingText("/run/shop.sock"), "/run/shop.sock");
}

TEST(TellingText, NoSecrets) {
  EXPECT_EQ(tellingText("postgres://shop:secret@db:5432/shop"), "db:5432/shop");
  EXPECT_EQ(tellingText("shop:a@b@tcp(db:3306)/shop?parseTime=true"), "tcp(db:3306)/shop");
  EXPECT_EQ(tellingText("https://shop/events?token=secret"), "https://shop/events");
  EXPECT_EQ(tellingText("https://shop/events?to=a@shop&token=secret"), "shop");
  EXPECT_EQ(tellingText("shop:se?cret@db"), "db");
  EXPECT_EQ(tellingText("password=secret;host=db"), "password");
}

TEST(TellingText, NothingForATerminal) {
  EXPECT_EQ(tellingText("\x1b[2Jdb"), "");
  EXPECT_EQ(tellingText("a\nb"), "");
  EXPECT_EQ(tellingText("\xff\xfe"), "");
  EXPECT_EQ(tellingText(""), "");
}

TEST(TellingText, Cut) {
  EXPECT_EQ(tellingText(std::string(500, 'x')), std::string(64, 'x') + "...");
}

TEST(HandleText, HowManyOfEach) {
  Handle handle;
  EXPECT_EQ(handleText(handle), "");
  handle = {"*grpc.ClientConn", "Close", "target", {{"a:1", 14}, {"b:2", 6}}, 20, 20, 0x1000};
  EXPECT_EQ(handleText(handle), "*grpc.ClientConn, target a:1 (14), b:2 (6)");
  handle.looked = 25;
  EXPECT_EQ(handleText(handle), "*grpc.ClientConn (20 of 25), target a:1 (14), b:2 (6)");
}

TEST(HandleText, FewOfMany) {
  Handle handle{"*db.Pool", "Close", "name", {{"a", 4}, {"b", 3}, {"c", 2}, {"d", 1}, {"e", 1}},
                11,         11,      0};
  EXPECT_EQ(handleText(handle), "*db.Pool, name a (4), b (3), c (2), others (2)");
}

}  // namespace
}  // namespace parked::leak
