#include "net/tls.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

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

TEST_F(TlsFiles, EveryKeyHasAPinOfItsOwnAndARenewedCertificateOfTheSameLengthDiffers) {
  const TlsIdentity a = fresh();
  const TlsIdentity b = fresh();
  EXPECT_NE(*certificate_pin(a.certificate), *certificate_pin(b.certificate));
}

}  // namespace
}  // namespace tieline::net
