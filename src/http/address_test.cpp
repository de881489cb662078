#include "http/address.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <cstring>
#include <string>

namespace fabrica::http {
namespace {

bool is_public(std::string const& text) {
  sockaddr_storage storage{};
  if (text.find(':') == std::string::npos) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    EXPECT_EQ(::inet_pton(AF_INET, text.c_str(), &in.sin_addr), 1) << text;
    std::memcpy(&storage, &in, sizeof in);
  } else {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    EXPECT_EQ(::inet_pton(AF_INET6, text.c_str(), &in.sin6_addr), 1) << text;
    std::memcpy(&storage, &in, sizeof in);
  }
  return is_public_address(reinterpret_cast<sockaddr const&>(storage));
}

TEST(PublicAddress, IsOneOfTheInternet) {
  for (auto const* one :
       {"1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255",
        "198.17.255.255", "223.255.255.255", "2606:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8", "64:ff9b::808:808"})
    EXPECT_TRUE(is_public(one)) << one;
}

TEST(PublicAddress, IsNoneOfThisMachineOrThisNetworkInWhateverForm) {
  for (auto const* one : {"0.0.0.0",
                          "0.1.2.3",
                          "10.0.0.1",
                          "100.64.0.1",
                          "100.127.255.255",
                          "127.0.0.1",
                          "127.255.255.254",
                          "169.254.169.254",
                          "172.16.0.1",
                          "172.31.255.255",
                          "192.0.0.8",
                          "192.0.2.1",
                          "192.168.1.1",
                          "198.18.0.1",
                          "198.19.255.255",
                          "198.51.100.7",
                          "203.0.113.9",
                          "224.0.0.1",
                          "239.1.1.1",
                          "240.0.0.1",
                          "255.255.255.255",
                          "::",
                          "::1",
                          "::ffff:127.0.0.1",
                          "::ffff:169.254.169.254",
                          "::127.0.0.1",
                          "64:ff9b::7f00:1",
                          "64:ff9b::a9fe:a9fe",
                          "64:ff9b:1::1",
                          "fc00::1",
                          "fd12::1",
                          "fe80::1",
                          "fec0::1",
                          "ff02::1",
                          "2001::1",
                          "2001:db8::1",
                          "2002:7f00:1::1",
                          "2001:10::1",
                          "3fff::1",
                          "100::1"})
    EXPECT_FALSE(is_public(one)) << one;
}

TEST(PublicAddress, IsNoneThatIsNoInternetAddress) {
  sockaddr local{};
  local.sa_family = AF_UNIX;
  EXPECT_FALSE(is_public_address(local));
}

}  // namespace
}  // namespace fabrica::http
