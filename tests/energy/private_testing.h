#pragma once
// What the tests of private metering points share: a chain, a meter under its pseudonym, two receivers.

#include <random>
#include <string_view>

#include "crypto/ed25519_scheme.h"
#include "crypto/hash.h"
#include "energy/private_reading.h"

namespace tieline::energy::testing {

inline Secret secret_of(std::string_view name) { return Secret(sha256(view_of(name)).bytes); }

inline Ed25519Signer signer_of(std::string_view name) {
  return Ed25519Signer(ed25519::SecretKey::from_seed(secret_of(name).bytes()));
}

inline const ChainId kChain = sha256(view_of("a chain"));
inline constexpr int64_t kNoon = 1'700'000'100;  // a multiple of 900
static_assert(kNoon % 900 == 0);

struct PrivateWorld {
  Secret meter_secret = secret_of("meter");
  Ed25519Signer pseudonym = signer_of("pseudonym");
  seal::SecretKey distributor = seal::SecretKey::derive(secret_of("distributor"));
  seal::SecretKey owner = seal::SecretKey::derive(secret_of("owner"));
  std::vector<Receiver> receivers = {{7, distributor.public_key()}, {9, owner.public_key()}};
  Ed25519Verifier verifier;
  PrivateMeter meter{&meter_secret, &pseudonym, 11'000};  // 2,750 Wh in a quarter of an hour

  PrivateRecord record(const std::vector<uint64_t>& values) const {
    std::vector<Measured> measured;
    for (const uint64_t wh : values)
      measured.push_back({Obis::kImport, kNoon + 900 * static_cast<int64_t>(measured.size()), 900, 0, wh});
    return make_private_record(meter, kChain, measured, receivers).value();
  }
  // The signature over a record that a test has changed.
  void sign(PrivateRecord& changed) const { changed.signature = pseudonym.sign(signed_digest(kChain, changed).view()); }
};

// Random damage: bytes overwritten, cut off, put in or taken out.
inline Bytes damaged(ByteView bytes, std::mt19937_64& random) {
  Bytes out(bytes.begin(), bytes.end());
  for (size_t n = 1 + random() % 4; n > 0; --n) {
    const size_t at = out.empty() ? 0 : random() % out.size();
    switch (random() % 6) {
      case 0:
        out.resize(at);
        break;
      case 1:
        out.insert(out.begin() + static_cast<ptrdiff_t>(at), static_cast<uint8_t>(random()));
        break;
      case 2:
        if (!out.empty()) out.erase(out.begin() + static_cast<ptrdiff_t>(at));
        break;
      case 3:
        if (!out.empty()) out[at] = 0xff;
        break;
      default:
        if (!out.empty()) out[at] ^= static_cast<uint8_t>(1u << (random() % 8));
    }
  }
  return out;
}

}  // namespace tieline::energy::testing
