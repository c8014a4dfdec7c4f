#include "crypto/seal.h"

#include <array>
#include <cstring>

#include "tieline_crypto.h"

namespace tieline::seal {
namespace {

tc_bytes ffi(ByteView bytes) { return {bytes.data(), bytes.size()}; }

}  // namespace

Result<Sealed> seal(const PublicKey& receiver, const Secret& seed, ByteView info, ByteView aad, ByteView plain) {
  Sealed out;
  out.cipher.resize(plain.size() + kTagSize);
  if (!tc_seal(receiver.bytes.data(), seed.data(), ffi(info), ffi(aad), ffi(plain), out.enc.bytes.data(),
               out.cipher.data()))
    return Error{"bad_seal_key", "the receiver's key is of small order and hides nothing: " + to_hex(receiver)};
  return out;
}

SecretKey SecretKey::derive(const Secret& ikm) {
  std::array<uint8_t, Secret::kSize> secret;
  PublicKey public_key;
  tc_seal_derive_key(ikm.data(), secret.data(), public_key.bytes.data());
  SecretKey key(Secret(secret), public_key);
  explicit_bzero(secret.data(), secret.size());
  return key;
}

SecretKey SecretKey::generate() { return derive(Secret::generate()); }

Result<Bytes> SecretKey::open(const Sealed& sealed, ByteView info, ByteView aad) const {
  Bytes plain(sealed.cipher.size() < kTagSize ? 0 : sealed.cipher.size() - kTagSize);
  if (!tc_open(secret_.data(), sealed.enc.bytes.data(), ffi(info), ffi(aad), ffi(sealed.cipher), plain.data()))
    return Error{"does_not_open", "the payload does not open under this key and context"};
  return plain;
}

}  // namespace tieline::seal
