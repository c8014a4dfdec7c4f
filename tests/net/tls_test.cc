#include "net/tls.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/ssl/context.hpp>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "../temporary_folder.h"

namespace tieline::net {
namespace {

class TlsFiles : public testing::Test {
 protected:
  std::string path(const char* name) const { return (folder_ / name).string(); }
  static TlsIdentity fresh() {
    const int64_t now = std::time(nullptr);
    auto made = make_identity("validator-0", now - 60, now + kCertificateSeconds);
    EXPECT_TRUE(made.ok());
    return *made;
  }
  TemporaryFolder folder_;
};

TEST_F(TlsFiles, AnIdentityIsReadBackAsItWasSaved) {
  const TlsIdentity made = fresh();
  ASSERT_TRUE(save_identity(made, path("a.crt"), path("a.key")).ok());
  struct stat info {};
  ASSERT_EQ(::stat(path("a.key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  auto loaded = load_identity(path("a.crt"), path("a.key"));
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->certificate, made.certificate);
  EXPECT_EQ(*certificate_pin(loaded->certificate), *certificate_pin(made.certificate));
  EXPECT_NEAR(static_cast<double>(*certificate_expiry_s(made.certificate)),
              static_cast<double>(std::time(nullptr) + kCertificateSeconds), 5.0);
}

TEST_F(TlsFiles, AKeyIsNeverOverwritten) {
  ASSERT_TRUE(save_identity(fresh(), path("a.crt"), path("a.key")).ok());
  EXPECT_EQ(save_identity(fresh(), path("a.crt"), path("a.key")).error().code, "file_unwritable");
}

TEST_F(TlsFiles, AKeyThatOthersCanReadIsRefused) {
  ASSERT_TRUE(save_identity(fresh(), path("a.crt"), path("a.key")).ok());
  for (mode_t mode : {0640u, 0604u, 0620u, 0660u, 0644u}) {
    ASSERT_EQ(::chmod(path("a.key").c_str(), mode), 0);
    auto refused = load_identity(path("a.crt"), path("a.key"));
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, "tls_key_exposed");
    EXPECT_NE(refused.error().why.find("chmod 600 " + path("a.key")), std::string::npos);
  }
  ASSERT_EQ(::chmod(path("a.key").c_str(), 0400), 0);
  EXPECT_TRUE(load_identity(path("a.crt"), path("a.key")).ok());
}

TEST_F(TlsFiles, AKeyOfAnotherCertificateIsRefused) {
  ASSERT_TRUE(save_identity(fresh(), path("a.crt"), path("a.key")).ok());
  ASSERT_TRUE(save_identity(fresh(), path("b.crt"), path("b.key")).ok());
  EXPECT_EQ(load_identity(path("a.crt"), path("b.key")).error().code, "tls_key_mismatch");
}

TEST_F(TlsFiles, FilesThatAreNotPemAreNamed) {
  ASSERT_TRUE(save_identity(fresh(), path("a.crt"), path("a.key")).ok());
  std::ofstream(path("c.crt")) << "not a certificate\n";
  auto certificate = load_identity(path("c.crt"), path("a.key"));
  ASSERT_FALSE(certificate.ok());
  EXPECT_EQ(certificate.error().code, "tls_bad_certificate");
  EXPECT_NE(certificate.error().why.find(path("c.crt")), std::string::npos);
  std::ofstream(path("c.key")) << "not a key\n";
  ASSERT_EQ(::chmod(path("c.key").c_str(), 0600), 0);
  EXPECT_EQ(load_identity(path("a.crt"), path("c.key")).error().code, "tls_bad_key");
  EXPECT_EQ(load_identity(path("none.crt"), path("none.key")).error().code, "file_unreadable");
}

// Shakes hands in memory: whether the client, and whether the server, takes the other for who it is.
std::pair<bool, bool> shake_hands(boost::asio::ssl::context& client_context,
                                  boost::asio::ssl::context& server_context) {
  SSL* client = SSL_new(client_context.native_handle());
  SSL* server = SSL_new(server_context.native_handle());
  BIO *client_end = nullptr, *server_end = nullptr;
  EXPECT_EQ(BIO_new_bio_pair(&client_end, 0, &server_end, 0), 1);
  SSL_set_bio(client, client_end, client_end);
  SSL_set_bio(server, server_end, server_end);
  SSL_set_connect_state(client);
  SSL_set_accept_state(server);
  bool client_took = false, server_took = false;
  constexpr int kRounds = 10;  // two are enough for TLS 1.3
  for (int i = 0; i < kRounds; ++i) {
    client_took = SSL_do_handshake(client) == 1;
    server_took = SSL_do_handshake(server) == 1;
  }
  SSL_free(client);
  SSL_free(server);
  return {client_took, server_took};
}

// A client has no other check than this one; links look the pin up once more to know who it is.
TEST(TlsPins, AServerIsTakenForWhoItIsOnlyWithAPinOfTheList) {
  const int64_t now = std::time(nullptr);
  const TlsIdentity real = *make_identity("validator-0", now - 60, now + 3600);
  const TlsIdentity impostor = *make_identity("validator-0", now - 60, now + 3600);
  const Hash pin = *certificate_pin(real.certificate);
  const Hash another = *certificate_pin(make_identity("validator-1", now - 60, now + 3600)->certificate);
  const auto client_takes = [](const TlsIdentity& server, const std::vector<Hash>& pins) {
    return shake_hands(**make_tls_context(TlsUse::kClient, {}, pins),
                       **make_tls_context(TlsUse::kClientServer, server, {}))
        .first;
  };
  EXPECT_TRUE(client_takes(real, {pin}));
  EXPECT_TRUE(client_takes(real, {another, pin}));
  EXPECT_FALSE(client_takes(impostor, {pin})) << "the same name and another key";
  EXPECT_FALSE(client_takes(impostor, {another, pin}));
  EXPECT_FALSE(client_takes(real, {})) << "no pin is no permission";
}

TEST(TlsPins, ALinkNeedsAPinOfTheListOnBothSides) {
  const int64_t now = std::time(nullptr);
  const TlsIdentity a = *make_identity("validator-0", now - 60, now + 3600);
  const TlsIdentity b = *make_identity("validator-1", now - 60, now + 3600);
  const Hash pin_a = *certificate_pin(a.certificate), pin_b = *certificate_pin(b.certificate);
  const auto link = [&](const Hash& a_expects, const Hash& b_expects) {
    return shake_hands(**make_tls_context(TlsUse::kLink, a, {a_expects}),
                       **make_tls_context(TlsUse::kLink, b, {b_expects}));
  };
  EXPECT_EQ(link(pin_b, pin_a), std::make_pair(true, true));
  EXPECT_FALSE(link(pin_a, pin_a).first);
  EXPECT_FALSE(link(pin_b, pin_b).second);
}

TEST_F(TlsFiles, EveryKeyHasAPinOfItsOwnAndARenewedCertificateOfTheSameLengthDiffers) {
  const TlsIdentity a = fresh();
  const TlsIdentity b = fresh();
  EXPECT_NE(*certificate_pin(a.certificate), *certificate_pin(b.certificate));
}

}  // namespace
}  // namespace tieline::net
