#include "net/listen.h"

#include <gtest/gtest.h>

namespace tieline::net {
namespace {

TEST(Listen, AddressesAreReadAsWritten) {
  const auto v4 = parse_address("127.0.0.1:7400");
  ASSERT_TRUE(v4.ok());
  EXPECT_EQ(v4->host, "127.0.0.1");
  EXPECT_EQ(v4->port, 7400);
  const auto v6 = parse_address("[::1]:80");
  ASSERT_TRUE(v6.ok());
  EXPECT_EQ(v6->host, "::1");
  EXPECT_EQ(address_text(*v6), "[::1]:80");
  EXPECT_EQ(parse_address("grid.example:65535")->port, 65535);
}

TEST(Listen, MalformedAddressesAreRefusedWithAnExample) {
  for (const char* bad :
       {"", "7400", ":7400", "host:", "host:65536", "host:-1", "host:1x", "::1:80", "a b:1", "u@h:1"}) {
    const auto parsed = parse_address(bad);
    ASSERT_FALSE(parsed.ok()) << bad;
    EXPECT_EQ(parsed.error().code, "address_malformed");
    EXPECT_NE(parsed.error().why.find("127.0.0.1:7400"), std::string::npos);
  }
}

TEST(Listen, APortInUseIsNamedWithWhatToDo) {
  auto first = ListeningSocket::open("127.0.0.1:0");
  ASSERT_TRUE(first.ok());
  ASSERT_NE(first->port(), 0);
  const std::string address = "127.0.0.1:" + std::to_string(first->port());
  auto second = ListeningSocket::open(address);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, "port_in_use");
  EXPECT_NE(second.error().why.find(address), std::string::npos);
  EXPECT_NE(second.error().why.find("ss -ltnp"), std::string::npos);
}

TEST(Listen, ASocketThatIsLetGoFreesItsPort) {
  std::string address;
  {
    auto first = ListeningSocket::open("127.0.0.1:0");
    ASSERT_TRUE(first.ok());
    address = "127.0.0.1:" + std::to_string(first->port());
  }
  EXPECT_TRUE(ListeningSocket::open(address).ok());
}

TEST(Listen, AnAddressThatIsNotOursCannotBeListenedOn) {
  auto foreign = ListeningSocket::open("192.0.2.1:7400");
  ASSERT_FALSE(foreign.ok());
  EXPECT_EQ(foreign.error().code, "cannot_listen");
}

}  // namespace
}  // namespace tieline::net
