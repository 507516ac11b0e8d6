#include "report/source_uri.h"

#include <gtest/gtest.h>

namespace parked::report {
namespace {

TEST(SourceUri, AbsolutePathsAreFilesAndOthersStayRelative) {
  EXPECT_EQ(sourceUri("/src/shop/main.go"), "file:///src/shop/main.go");
  EXPECT_EQ(sourceUri("example.org/shop@v1.2.3/main.go"), "example.org/shop@v1.2.3/main.go");
}

TEST(SourceUri, WhatAUriCannotHaveIsEscaped) {
  EXPECT_EQ(sourceUri("/a b/%/\xc3\xa4?#\n.go"), "file:///a%20b/%25/%C3%A4%3F%23%0A.go");
}

TEST(SourceUri, AFirstSegmentWithAColonIsNoScheme) {
  EXPECT_EQ(sourceUri("c:main.go"), "c%3Amain.go");
}

}  // namespace
}  // namespace parked::report
