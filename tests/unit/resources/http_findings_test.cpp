// The rules for net/http: when they claim a proof, when they wait, and what they say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "found.h"

namespace parked::resources {
namespace {

using fake::kMinute;
using fake::kSecond;
using leak::Verdict;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class HttpRulesTest : public testing::Test {
 protected:
  HttpRulesTest() { resources.parts.make<Http>().transports.emplace_back(); }
  HttpTransport& transport() { return resources.parts.make<Http>().transports[0]; }

  Index goroutine(std::int64_t age) {
    program.blocked("select", golang::ReasonClass::select,
                    program.stack({fake::kGopark, fake::kReadLoop, fake::kGoexit}), age);
    return static_cast<Index>(program.snapshot.goroutines.size() - 1);
  }
  /// A connection of the Transport with an open body, for that long.
  HttpConnection& body(std::int64_t age, std::string_view host = "example.com:80") {
    HttpConnection& c = resources.parts.make<Http>().connections.emplace_back();
    c.address = 0xc000001000;
    c.transport = 0;
    c.state = HttpState::bodyOpen;
    c.scheme = "http";
    c.host = host;
    c.reader = goroutine(age);
    transport().connections.push_back(
        static_cast<Index>(resources.parts.make<Http>().connections.size() - 1));
    return c;
  }
  /// Requests wait for a connection to the host.
  void queue(std::int64_t age, std::string_view host = "example.com:80") {
    HttpHost& waited = transport().hosts.emplace_back();
    waited.scheme = "http";
    waited.host = host;
    waited.waiters = 1;
    transport().waiters.push_back(goroutine(age));
  }
  std::vector<Finding> found(RuleId rule, const leak::Options& options = {}) const {
    return only(find(httpRules, program, resources, options), rule);
  }

  fake::Builder program;
  Resources resources;
};

TEST_F(HttpRulesTest, ABodyThatNobodyHasIsProved) {
  body(kSecond).bodyLost = true;
  const auto findings = found(RuleId::httpBodyOpen);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].verdict, Verdict::proved);
  EXPECT_EQ(findings[0].count, 1U);
  EXPECT_THAT(findings[0].sentence, HasSubstr("nobody who could still do it has it"));
}

TEST_F(HttpRulesTest, ABodyThatSomebodyHasIsSuspectAfterAMinute) {
  body(kMinute - 1);
  EXPECT_THAT(found(RuleId::httpBodyOpen), IsEmpty());
  body(kMinute);
  const auto findings = found(RuleId::httpBodyOpen);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].verdict, Verdict::suspect);
  EXPECT_EQ(findings[0].count, 1U);
  EXPECT_THAT(findings[0].sentence, HasSubstr("for at least 1m, it seems"));
}

TEST_F(HttpRulesTest, SuspectAgeShortensTheMinute) {
  body(kSecond);
  leak::Options options;
  options.thresholds.age = std::chrono::nanoseconds(kSecond + 1);
  EXPECT_THAT(found(RuleId::httpBodyOpen, options), IsEmpty());
  options.thresholds.age = std::chrono::nanoseconds(kSecond);
  EXPECT_THAT(found(RuleId::httpBodyOpen, options), SizeIs(1));
}

TEST_F(HttpRulesTest, ABodyWhoseContextMayEndIsNotProved) {
  body(kMinute - 1).contextOnly = true;
  EXPECT_THAT(found(RuleId::httpBodyOpen), IsEmpty());
  body(kMinute).contextOnly = true;
  const auto findings = found(RuleId::httpBodyOpen);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].verdict, Verdict::suspect);
  EXPECT_THAT(findings[0].sentence, Not(HasSubstr("nobody who could")));
  EXPECT_THAT(findings[0].evidence.at(0),
              HasSubstr("nobody has the body any more, and only the end of its request"));
}

TEST_F(HttpRulesTest, LostBodiesAndOldOnesAreTwoFindings) {
  body(kSecond).bodyLost = true;
  body(kMinute);
  body(kMinute);
  const auto findings = found(RuleId::httpBodyOpen);
  ASSERT_THAT(findings, SizeIs(2));
  EXPECT_EQ(findings[0].verdict, Verdict::proved);
  EXPECT_EQ(findings[0].count, 1U);
  EXPECT_EQ(findings[1].verdict, Verdict::suspect);
  EXPECT_EQ(findings[1].count, 2U);
}

TEST_F(HttpRulesTest, AServersConnectionHasNoOpenBody) {
  body(kMinute).server = 0;
  EXPECT_THAT(found(RuleId::httpBodyOpen), IsEmpty());
}

TEST_F(HttpRulesTest, APoolWhoseEveryBodyIsLostIsProvedToStarve) {
  transport().maxPerHost = 2;
  body(kSecond).bodyLost = true;
  body(kSecond).bodyLost = true;
  queue(kSecond);
  const auto findings = found(RuleId::httpPoolStarved);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].verdict, Verdict::proved);
  EXPECT_THAT(findings[0].sentence, HasSubstr("1 request waits for one of 2 connections"));
  EXPECT_THAT(findings[0].sentence, HasSubstr("nobody gives one back"));
  EXPECT_THAT(findings[0].goroutines, SizeIs(1));
}

TEST_F(HttpRulesTest, AContextThatMayEndMayGiveAConnectionBack) {
  transport().maxPerHost = 2;
  body(kSecond).bodyLost = true;
  body(kSecond).contextOnly = true;
  queue(kMinute - 1);
  EXPECT_THAT(found(RuleId::httpPoolStarved), IsEmpty());
  queue(kMinute);
  const auto findings = found(RuleId::httpPoolStarved);
  ASSERT_FALSE(findings.empty());
  EXPECT_EQ(findings[0].verdict, Verdict::suspect);
  EXPECT_THAT(findings[0].sentence, HasSubstr("for at least 1m"));
  EXPECT_THAT(findings[0].evidence, testing::Contains(HasSubstr("only the end of its request")));
}

TEST_F(HttpRulesTest, AConnectionThatIsInUseComesBack) {
  transport().maxPerHost = 2;
  body(kSecond).bodyLost = true;
  body(kSecond).state = HttpState::waiting;
  queue(kMinute - 1);
  EXPECT_THAT(found(RuleId::httpPoolStarved), IsEmpty());
}

// The other one is being dialled, perhaps by a goroutine whose host is not known.
TEST_F(HttpRulesTest, FewerConnectionsThanTheLimitProveNothing) {
  transport().maxPerHost = 2;
  body(kSecond).bodyLost = true;
  body(kSecond, "example.org:80").bodyLost = true;
  queue(kMinute - 1);
  EXPECT_THAT(found(RuleId::httpPoolStarved), IsEmpty());
}

TEST_F(HttpRulesTest, NobodyStarvesWithoutALimitOrAWaiter) {
  body(kSecond).bodyLost = true;
  queue(kMinute);
  EXPECT_THAT(found(RuleId::httpPoolStarved), IsEmpty());
  transport().maxPerHost = 1;
  transport().hosts[0].waiters = 0;
  EXPECT_THAT(found(RuleId::httpPoolStarved), IsEmpty());
}

TEST_F(HttpRulesTest, WaitersAreToldOfOnce) {
  transport().maxPerHost = 1;
  queue(kMinute);
  queue(kMinute, "example.org:80");
  const auto findings = found(RuleId::httpPoolStarved);
  ASSERT_THAT(findings, SizeIs(2));
  EXPECT_THAT(findings[0].goroutines, SizeIs(2));
  EXPECT_THAT(findings[1].goroutines, IsEmpty());
}

TEST_F(HttpRulesTest, AHandshakeHangsAfterAMinute) {
  for (const std::int64_t age : {kMinute - 1, kMinute, kMinute}) {
    body(age).state = HttpState::handshake;
  }
  transport().waiters = {goroutine(kMinute)};
  const auto findings = found(RuleId::httpHandshakeHangs);
  ASSERT_THAT(findings, SizeIs(2));
  EXPECT_THAT(findings[0].goroutines, SizeIs(2));  // its dialler, and who waits
  EXPECT_THAT(findings[1].goroutines, SizeIs(1));
}

TEST_F(HttpRulesTest, LostTransportsCountWhereTheyStayOrAreMany) {
  const auto lose = [&](std::int64_t idleTimeout) {
    HttpTransport& lost = resources.parts.make<Http>().transports.emplace_back();
    lost.referenced = false;
    lost.idleTimeout = idleTimeout;
    lost.connections = {0};
  };
  body(0);
  for (int i = 0; i < 9; ++i) lose(kMinute);
  EXPECT_THAT(found(RuleId::httpTransportLost), IsEmpty());
  lose(kMinute);
  ASSERT_THAT(found(RuleId::httpTransportLost), SizeIs(1));
  EXPECT_THAT(found(RuleId::httpTransportLost)[0].sentence, HasSubstr("until they are idle"));
  resources.parts.make<Http>().transports.resize(1);
  lose(0);
  ASSERT_THAT(found(RuleId::httpTransportLost), SizeIs(1));
  EXPECT_EQ(found(RuleId::httpTransportLost)[0].verdict, Verdict::suspect);
}

TEST_F(HttpRulesTest, AServerWithATimeoutWaitsForNobody) {
  HttpServer& server = resources.parts.make<Http>().servers.emplace_back();
  server.connections = {0, 1};
  for (const std::int64_t age : {kMinute - 1, kMinute}) {
    HttpConnection& c = body(age);
    c.server = 0;
    c.state = HttpState::newborn;
  }
  ASSERT_THAT(found(RuleId::httpServerHandshake), SizeIs(1));
  EXPECT_EQ(found(RuleId::httpServerHandshake)[0].count, 1U);
  server.headerTimeout = kMinute;
  EXPECT_THAT(found(RuleId::httpServerHandshake), IsEmpty());
}

}  // namespace
}  // namespace parked::resources
