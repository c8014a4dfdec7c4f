#include "net/tls.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/ssl/context.hpp>
#include <cerrno>
#include <cstring>

#include "crypto/hash.h"

namespace tieline::net {
namespace {

template <class T, void (*kFree)(T*)>
struct Free {
  void operator()(T* p) const { kFree(p); }
};
using X509Ptr = std::unique_ptr<X509, Free<X509, X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY, EVP_PKEY_free>>;
struct BioFree {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
using BioPtr = std::unique_ptr<BIO, BioFree>;

std::string openssl_reason() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  return reason != nullptr ? reason : "unknown reason";
}

BioPtr reading(const std::string& pem) { return BioPtr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))); }

std::string written(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<size_t>(size)};
}

Result<X509Ptr> parse_certificate(const std::string& pem) {
  if (pem.size() > kPemBytesMax) return Error{"tls_bad_certificate", "the certificate is longer than 64 KiB"};
  BioPtr bio = reading(pem);
  X509Ptr certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (!certificate) return Error{"tls_bad_certificate", "not a PEM certificate: " + openssl_reason()};
  return certificate;
}

Result<KeyPtr> parse_key(const std::string& pem) {
  if (pem.size() > kPemBytesMax) return Error{"tls_bad_key", "the key is longer than 64 KiB"};
  BioPtr bio = reading(pem);
  // An empty password instead of a prompt: an encrypted key fails here and does not hang a start without a terminal.
  char no_password[] = "";
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, no_password));
  if (!key) return Error{"tls_bad_key", "not a PEM private key without a password: " + openssl_reason()};
  return key;
}

Hash pin_of(X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  TL_CHECK(size > 0);
  const Hash pin = sha256(ByteView{der, static_cast<size_t>(size)});
  OPENSSL_free(der);
  return pin;
}

int64_t expiry_of(const X509* certificate) {
  tm when{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &when) != 1) return 0;
  return static_cast<int64_t>(timegm(&when));
}

Result<std::string> read_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Error{"file_unreadable", "cannot read " + path + ": " + std::strerror(errno)};
  std::string text(kPemBytesMax + 1, '\0');
  size_t have = 0;
  ssize_t got = 0;
  while (have < text.size() && (got = ::read(fd, text.data() + have, text.size() - have)) > 0)
    have += static_cast<size_t>(got);
  const int error = errno;
  ::close(fd);
  if (got < 0) return Error{"file_unreadable", "cannot read " + path + ": " + std::strerror(error)};
  text.resize(have);
  return text;
}

Status write_file(const std::string& path, const std::string& text, mode_t mode) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0) return Error{"file_unwritable", "cannot create " + path + ": " + std::strerror(errno)};
  size_t done = 0;
  ssize_t put = 0;
  while (done < text.size() && (put = ::write(fd, text.data() + done, text.size() - done)) > 0)
    done += static_cast<size_t>(put);
  const int error = errno;
  const bool closed = ::close(fd) == 0;
  if (done < text.size() || !closed)
    return Error{"file_unwritable", "cannot write " + path + ": " + std::strerror(error)};
  return {};
}

// What a context's verification needs; owned by the SSL_CTX.
struct PinCheck {
  std::vector<Hash> pins;  // ascending
  ExpiredHandler on_expired;
};

int pin_check_index() {
  static const int index = SSL_CTX_get_ex_new_index(
      0, nullptr, nullptr, nullptr,
      [](void*, void* held, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<PinCheck*>(held); });
  return index;
}

// Replaces the whole of X.509 verification: possession of the key is proven by the handshake itself, and the pin says
// whose key it is.
int check_pin(X509_STORE_CTX* store, void* argument) {
  const auto* check = static_cast<const PinCheck*>(argument);
  X509* certificate = X509_STORE_CTX_get0_cert(store);
  if (certificate == nullptr) return 0;
  const Hash pin = pin_of(certificate);
  if (!std::binary_search(check->pins.begin(), check->pins.end(), pin)) {
    X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
    return 0;
  }
  X509_STORE_CTX_set_error(store, X509_V_OK);
  const bool dated = X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0 &&
                     X509_cmp_current_time(X509_get0_notBefore(certificate)) < 0;
  if (!dated && check->on_expired) check->on_expired(pin, expiry_of(certificate));
  return 1;
}

}  // namespace

Result<TlsIdentity> make_identity(const std::string& name, int64_t not_before_s, int64_t not_after_s) {
  KeyPtr key(EVP_EC_gen("P-256"));
  X509Ptr certificate(X509_new());
  uint64_t serial = 0;
  if (!key || !certificate || RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof(serial)) != 1)
    return Error{"tls_bad_key", "cannot make a key: " + openssl_reason()};
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1);
  ASN1_TIME_set(X509_getm_notBefore(certificate.get()), static_cast<time_t>(not_before_s));
  ASN1_TIME_set(X509_getm_notAfter(certificate.get()), static_cast<time_t>(not_after_s));
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  const auto* text = reinterpret_cast<const unsigned char*>(name.data());
  if (X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, text, static_cast<int>(name.size()), -1, 0) != 1 ||
      X509_set_issuer_name(certificate.get(), subject) != 1 ||
      X509_sign(certificate.get(), key.get(), EVP_sha256()) == 0)
    return Error{"tls_bad_certificate", "cannot make a certificate for '" + name + "': " + openssl_reason()};
  BioPtr certificate_out(BIO_new(BIO_s_mem()));
  BioPtr key_out(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(certificate_out.get(), certificate.get()) != 1 ||
      PEM_write_bio_PrivateKey(key_out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return Error{"tls_bad_certificate", "cannot write a certificate: " + openssl_reason()};
  return TlsIdentity{written(certificate_out.get()), written(key_out.get())};
}

Result<Hash> certificate_pin(const std::string& certificate_pem) {
  auto certificate = parse_certificate(certificate_pem);
  if (!certificate) return certificate.error();
  return pin_of(certificate->get());
}

Result<int64_t> certificate_expiry_s(const std::string& certificate_pem) {
  auto certificate = parse_certificate(certificate_pem);
  if (!certificate) return certificate.error();
  return expiry_of(certificate->get());
}

Status check_private_file(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0)
    return Error{"file_unreadable", "cannot read " + path + ": " + std::strerror(errno)};
  if (!S_ISREG(info.st_mode)) return Error{"file_unreadable", path + " is not a file"};
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return Error{"tls_key_exposed", "others can read or change the key file " + path + "; run: chmod 600 " + path};
  return {};
}

Result<TlsIdentity> load_identity(const std::string& certificate_path, const std::string& key_path) {
  if (Status status = check_private_file(key_path); !status) return status.error();
  auto certificate_text = read_file(certificate_path);
  if (!certificate_text) return certificate_text.error();
  auto key_text = read_file(key_path);
  if (!key_text) return key_text.error();
  auto certificate = parse_certificate(*certificate_text);
  if (!certificate) return Error{certificate.error().code, certificate_path + ": " + certificate.error().why};
  auto key = parse_key(*key_text);
  if (!key) return Error{key.error().code, key_path + ": " + key.error().why};
  if (X509_check_private_key(certificate->get(), key->get()) != 1) {
    ERR_clear_error();
    return Error{"tls_key_mismatch", key_path + " is not the key of the certificate " + certificate_path};
  }
  return TlsIdentity{*std::move(certificate_text), *std::move(key_text)};
}

Status save_identity(const TlsIdentity& identity, const std::string& certificate_path, const std::string& key_path) {
  if (Status status = write_file(key_path, identity.key, 0600); !status) return status;
  return write_file(certificate_path, identity.certificate, 0644);
}

Result<std::shared_ptr<boost::asio::ssl::context>> make_tls_context(TlsUse use, const TlsIdentity& identity,
                                                                    std::vector<Hash> pins, ExpiredHandler on_expired) {
  namespace ssl = boost::asio::ssl;
  auto context = std::make_shared<ssl::context>(ssl::context::tlsv13);
  SSL_CTX* native = context->native_handle();
  // A resumed session would not show a certificate, and pins are checked on certificates.
  SSL_CTX_set_num_tickets(native, 0);
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  if (use != TlsUse::kClient) {
    auto certificate = parse_certificate(identity.certificate);
    if (!certificate) return certificate.error();
    auto key = parse_key(identity.key);
    if (!key) return key.error();
    if (SSL_CTX_use_certificate(native, certificate->get()) != 1)
      return Error{"tls_bad_certificate", "cannot use the certificate: " + openssl_reason()};
    if (SSL_CTX_use_PrivateKey(native, key->get()) != 1 || SSL_CTX_check_private_key(native) != 1) {
      ERR_clear_error();
      return Error{"tls_key_mismatch", "the TLS key does not belong to the TLS certificate"};
    }
  }
  if (use == TlsUse::kClientServer) {
    context->set_verify_mode(ssl::verify_none);
    return context;
  }
  auto check = std::make_unique<PinCheck>();
  check->pins = std::move(pins);
  std::sort(check->pins.begin(), check->pins.end());
  check->on_expired = std::move(on_expired);
  SSL_CTX_set_cert_verify_callback(native, check_pin, check.get());
  TL_CHECK(SSL_CTX_set_ex_data(native, pin_check_index(), check.release()) == 1);
  context->set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert);
  return context;
}

std::optional<PeerCertificate> peer_certificate(const ssl_st* connection) {
  X509Ptr certificate(SSL_get1_peer_certificate(connection));
  if (!certificate) return std::nullopt;
  return PeerCertificate{pin_of(certificate.get()), expiry_of(certificate.get())};
}

}  // namespace tieline::net
