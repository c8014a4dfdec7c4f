#include "ledger/key_ring.h"

#include <algorithm>

#include "energy/table.h"

namespace tieline {
namespace {

constexpr size_t kEntryBytesMin = PublicKey::kSize + 8 + 1;

bool has_key(const KeyRing& ring, const PublicKey& key) {
  return std::any_of(ring.keys.begin(), ring.keys.end(), [&](const KeyRing::Entry& e) { return e.key == key; });
}

}  // namespace

void encode(Writer& w, const KeyRing::Entry& e) {
  encode(w, e.key);
  w.u64(e.from);
  w.boolean(e.doubtful_from_ms.has_value());
  if (e.doubtful_from_ms) w.i64(*e.doubtful_from_ms);
}

void decode(Reader& r, KeyRing::Entry& e) {
  decode(r, e.key);
  e.from = r.u64();
  e.doubtful_from_ms.reset();
  if (r.boolean()) e.doubtful_from_ms = r.i64();
}

void encode(Writer& w, const KeyRing& ring) {
  encode_list(w, ring.keys);
  w.boolean(ring.recovery.has_value());
  if (ring.recovery) encode(w, *ring.recovery);
}

void decode(Reader& r, KeyRing& ring) {
  decode_list(r, ring.keys, kParticipantKeysMax, kEntryBytesMin);
  for (size_t i = 1; i < ring.keys.size(); ++i) {
    if (ring.keys[i - 1].from >= ring.keys[i].from) return r.fail();
  }
  ring.recovery.reset();
  if (r.boolean()) decode(r, ring.recovery.emplace());
}

Bytes key_ring_name(const ParticipantId& id) { return energy::RecordName("key/").id(id).take(); }

const PublicKey* key_in_force(const KeyRing& ring, Epoch epoch) {
  const PublicKey* key = nullptr;
  for (const KeyRing::Entry& e : ring.keys) {
    if (e.from <= epoch) key = &e.key;
  }
  return key;
}

TxCode rotate(KeyRing& ring, const PublicKey& next, Epoch epoch) {
  if (has_key(ring, next)) return TxCode::key_used;
  if (!ring.keys.empty() && ring.keys.back().from > epoch) return TxCode::key_pending;
  if (ring.keys.size() >= kParticipantKeysMax) return TxCode::too_many_keys;
  ring.keys.push_back({next, epoch + 1, std::nullopt});
  return TxCode::ok;
}

TxCode revoke(KeyRing& ring, const PublicKey& revoked, const PublicKey& next, int64_t doubtful_from_ms, Epoch epoch) {
  const PublicKey* in_force = key_in_force(ring, epoch);
  const bool pending = !ring.keys.empty() && ring.keys.back().from > epoch;
  const bool current = in_force != nullptr && *in_force == revoked;
  if (!current && !(pending && ring.keys.back().key == revoked)) return TxCode::bad_key;
  if (has_key(ring, next)) return TxCode::key_used;
  if (ring.keys.size() - (pending ? 1 : 0) >= kParticipantKeysMax) return TxCode::too_many_keys;
  for (KeyRing::Entry& e : ring.keys) {
    if (e.key == revoked)
      e.doubtful_from_ms = std::min(e.doubtful_from_ms.value_or(doubtful_from_ms), doubtful_from_ms);
  }
  if (pending) ring.keys.pop_back();
  ring.keys.push_back({next, epoch + 1, std::nullopt});
  return TxCode::ok;
}

bool is_doubtful(const KeyRing& ring, const PublicKey& key, int64_t timestamp_ms) {
  return std::any_of(ring.keys.begin(), ring.keys.end(), [&](const KeyRing::Entry& e) {
    return e.key == key && e.doubtful_from_ms && timestamp_ms >= *e.doubtful_from_ms;
  });
}

}  // namespace tieline
