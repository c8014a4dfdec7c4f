#include "model/transaction.h"

#include "base/check.h"
#include "crypto/hash.h"

namespace tieline {
namespace {

constexpr size_t kReadingBytesMin = 27;
constexpr size_t kActionBytesMin = 1 + 4;
constexpr std::string_view kTxTag = "tieline/tx/1";

void encode_unsigned(Writer& w, const TransactionDraft& draft) {
  w.u8(kTxVersion);
  encode(w, draft.chain);
  encode_list(w, draft.signatories);
  w.u64(draft.sequence);
  w.i64(draft.timestamp_ms);
  w.u64(draft.expiry_height);
  w.u32(static_cast<uint32_t>(draft.actions.size()));
  for (const auto& action : draft.actions) {
    w.u8(static_cast<uint8_t>(action.type));
    w.bytes(action.payload);
  }
}

Error malformed(const char* why) { return Error{"malformed", std::string("malformed transaction: ") + why}; }

}  // namespace

// A switch without a default: the compiler names the type that is missing here.
bool is_known(ActionType type) {
  switch (type) {
    case ActionType::kReadings:
    case ActionType::kData:
    case ActionType::kIssue:
    case ActionType::kRedeem:
    case ActionType::kRepay:
    case ActionType::kOffer:
    case ActionType::kCounter:
    case ActionType::kEndorse:
    case ActionType::kDecline:
    case ActionType::kCancel:
    case ActionType::kAccept:
    case ActionType::kRuling:
    case ActionType::kCorrection:
    case ActionType::kPublishPrice:
    case ActionType::kTick:
    case ActionType::kBond:
    case ActionType::kUnbond:
    case ActionType::kWithdraw:
    case ActionType::kConfiscate:
    case ActionType::kPenalise:
    case ActionType::kPropose:
    case ActionType::kVote:
    case ActionType::kVeto:
    case ActionType::kGrantRead:
    case ActionType::kRevokeRead:
    case ActionType::kRotateKey:
    case ActionType::kSetRecoveryKey:
    case ActionType::kRevokeKey:
    case ActionType::kDeclarations:
    case ActionType::kPseudonyms:
    case ActionType::kPrivateRecord:
    case ActionType::kForgery:
    case ActionType::kComplaint:
    case ActionType::kAnswer:
    case ActionType::kPrivateRuling:
    case ActionType::kOpenTotal:
    case ActionType::kBalance:
      return true;
  }
  return false;
}

void encode(Writer& w, const Reading& r) {
  w.u32(r.meter);
  w.u8(static_cast<uint8_t>(r.obis));
  w.i64(r.start_s);
  w.u32(r.duration_s);
  w.u64(r.wh);
  w.u8(static_cast<uint8_t>(r.quality));
  encode(w, r.register_wh);
}

void decode(Reader& r, Reading& reading) {
  reading.meter = r.u32();
  const uint8_t obis = r.u8();
  reading.start_s = r.i64();
  reading.duration_s = r.u32();
  reading.wh = r.u64();
  const uint8_t quality = r.u8();
  decode(r, reading.register_wh);
  if (obis < 1 || obis > 2 || quality < 1 || quality > 4) return r.fail();
  reading.obis = static_cast<Obis>(obis);
  reading.quality = static_cast<Quality>(quality);
}

Result<std::shared_ptr<const Transaction>> Transaction::parse(Blob bytes) {
  if (bytes.size() > kTxBytesMax) {
    return Error{"oversized", "a transaction of " + std::to_string(bytes.size()) + " bytes; at most " +
                                  std::to_string(kTxBytesMax) + " are allowed"};
  }
  if (bytes.empty()) return malformed("no bytes at all");
  Reader r(bytes.view());
  if (const uint8_t version = r.u8(); version != kTxVersion) {
    return Error{"unknown_version", "a transaction of version " + std::to_string(version) + "; this node knows 1"};
  }
  auto tx = std::make_shared<Transaction>();
  decode(r, tx->chain_);

  const size_t signatories = r.count(kTxSignatoriesMax, sizeof(ParticipantId));
  tx->signatories_.reserve(signatories);
  for (size_t i = 0; i < signatories; ++i) {
    const ParticipantId id = r.u32();
    if (i > 0 && tx->signatories_.back() >= id) return malformed("the signatories are not strictly ascending");
    tx->signatories_.push_back(id);
  }
  if (!r.ok() || signatories == 0) return malformed("no signatories, or more than are allowed");

  tx->sequence_ = r.u64();
  tx->timestamp_ms_ = r.i64();
  tx->expiry_height_ = r.u64();

  const size_t actions = r.count(kTxActionsMax, kActionBytesMin);
  tx->actions_.reserve(actions);
  for (size_t i = 0; i < actions; ++i) {
    const auto type = static_cast<ActionType>(r.u8());
    const ByteView payload = r.bytes(kTxBytesMax);
    if (!r.ok()) return malformed("an action ends early");
    if (!is_known(type)) return malformed("an action of unknown type");
    tx->actions_.push_back({type, payload});
  }
  if (!r.ok() || actions == 0) return malformed("no actions, or more than are allowed");

  const size_t unsigned_size = r.offset();
  if (r.left() != signatories * Signature::kSize) return malformed("not exactly one signature a signatory at the end");
  tx->signatures_.resize(signatories);
  for (Signature& signature : tx->signatures_) decode(r, signature);
  TL_CHECK(r.done());

  tx->signed_digest_ = tagged_hash(kTxTag, {bytes.view().first(unsigned_size)});
  tx->id_ = sha256(bytes.view());
  tx->bytes_ = std::move(bytes);
  return std::shared_ptr<const Transaction>(std::move(tx));
}

Bytes encode_readings(const std::vector<Reading>& readings) {
  Writer w(4 + readings.size() * (kReadingBytesMin + 8));
  encode_list(w, readings);
  return w.take();
}

Result<std::vector<Reading>> decode_readings(ByteView payload) {
  Reader r(payload);
  std::vector<Reading> readings;
  decode_list(r, readings, kReadingsPerTxMax, kReadingBytesMin);
  if (!r.done()) return Error{"malformed", "malformed readings: bytes are missing, left over, or out of bounds"};
  return readings;
}

Bytes build_transaction(const TransactionDraft& draft, std::span<const Signer* const> keys) {
  TL_CHECK(keys.size() == draft.signatories.size());
  Writer w;
  encode_unsigned(w, draft);
  const Hash digest = tagged_hash(kTxTag, {w.view()});
  for (const Signer* key : keys) encode(w, key->sign(digest.view()));
  return w.take();
}

}  // namespace tieline
