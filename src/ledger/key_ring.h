#pragma once
// A participant's signing keys: those it had, the one in force and the one that comes next. A change of keys counts
// from the first block of the next epoch on, never inside one: that block is built above a committed one, so every
// validator that is asked about a transaction of an epoch knows the same keys for it, whatever is uncommitted above.
//
// A signature must verify by a key of its signatory, whichever (else the block that holds it is invalid); whether that
// key is the one in force is asked at execution, with a code of its own (revoked_key). Epochs are the chain's; times in
// milliseconds since 1970 UTC. Source: ENERGY.md, "A record" (keys rotate, are revoked, effective from a height).

#include <optional>
#include <vector>

#include "ledger/codes.h"
#include "model/transaction.h"

namespace tieline {

inline constexpr size_t kParticipantKeysMax = 16;  // that one participant can ever have

struct KeyRing {
  struct Entry {
    PublicKey key;
    Epoch from = 0;                           // in force from the first block of this epoch
    std::optional<int64_t> doubtful_from_ms;  // what it signed with a time since then is in doubt; none: trusted
    bool operator==(const Entry&) const = default;
  };
  std::vector<Entry> keys;            // `from` strictly ascending
  std::optional<PublicKey> recovery;  // may revoke the others
  bool operator==(const KeyRing&) const = default;
};
void encode(Writer& w, const KeyRing& ring);
void decode(Reader& r, KeyRing& ring);
Bytes key_ring_name(const ParticipantId& id);  // "key/" u32

// None: not registered by then. Points into the ring.
const PublicKey* key_in_force(const KeyRing& ring, Epoch epoch);

// The owner's own change, in force from `epoch` + 1. Refused with key_used (it had this key before), key_pending (one
// change an epoch) or too_many_keys.
TxCode rotate(KeyRing& ring, const PublicKey& next, Epoch epoch);
// By the recovery key or by vote: `next` takes the place of a change that is pending, which a thief may have made. What
// `revoked` signed since `doubtful_from_ms` is marked. bad_key: that key is neither in force nor pending.
TxCode revoke(KeyRing& ring, const PublicKey& revoked, const PublicKey& next, int64_t doubtful_from_ms, Epoch epoch);
// Whether what the key signed with this time is in doubt.
bool is_doubtful(const KeyRing& ring, const PublicKey& key, int64_t timestamp_ms);

}  // namespace tieline
