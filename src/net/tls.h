#pragma once
// TLS 1.3 with pinned keys. There is no certificate authority: who a peer is follows from the SHA-256 of its
// certificate's SubjectPublicKeyInfo (the pin, GenesisValidator.tls_pin; RFC 7469 pins the same bytes). A certificate
// that has expired is told (a metric and a warning) and accepted: an outage of all validators on one date would be
// worse than an old date.
//
// Errors: tls_key_exposed (a key file that group or others can read), tls_bad_key, tls_bad_certificate,
// tls_key_mismatch, file_unreadable, file_unwritable.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace boost::asio::ssl {
class context;
}
struct ssl_st;  // OpenSSL's SSL

namespace tieline::net {

inline constexpr int64_t kCertificateSeconds = 10LL * 365 * 86'400;  // of the ones we make
inline constexpr size_t kPemBytesMax = 64 * 1024;

// A private key and the self-signed certificate over it, both PEM.
struct TlsIdentity {
  std::string certificate;
  std::string key;
};
// EC P-256. `name` becomes the common name, for people only. Times are UTC seconds since 1970.
Result<TlsIdentity> make_identity(const std::string& name, int64_t not_before_s, int64_t not_after_s);
Result<Hash> certificate_pin(const std::string& certificate_pem);
Result<int64_t> certificate_expiry_s(const std::string& certificate_pem);

// Reads and checks both: the key belongs to the certificate, and nobody but its owner can read the key file.
Result<TlsIdentity> load_identity(const std::string& certificate_path, const std::string& key_path);
// Writes both; the key with mode 0600. Refuses to overwrite.
Status save_identity(const TlsIdentity& identity, const std::string& certificate_path, const std::string& key_path);
// tls_key_exposed unless the file is a regular file without rights for group and others.
Status check_private_file(const std::string& path);

// Called during a handshake with a peer whose certificate is outside its dates.
using ExpiredHandler = std::function<void(const Hash& pin, int64_t expired_s)>;

enum class TlsUse {
  kLink,          // between validators: both sides show a certificate whose pin is in the list
  kClientServer,  // a server for clients: shows its certificate, asks for none
  kClient,        // a client: shows none; the server's pin must be in the list
};
// `identity` is not used by kClient. Sessions are never resumed: every connection proves its key.
Result<std::shared_ptr<boost::asio::ssl::context>> make_tls_context(TlsUse use, const TlsIdentity& identity,
                                                                    std::vector<Hash> pins,
                                                                    ExpiredHandler on_expired = nullptr);

// What the other side of a finished handshake has shown; none: no certificate.
struct PeerCertificate {
  Hash pin;
  int64_t expiry_s = 0;
};
std::optional<PeerCertificate> peer_certificate(const ssl_st* connection);

}  // namespace tieline::net
