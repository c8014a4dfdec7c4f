#pragma once
// A transaction as it travels (docs/formats/transaction.md). The bytes are signed as they are and never re-encoded:
//
//   unsigned part   u8 version=1, [32] chain, u32 n + n x u32 signatories (ascending, the first pays the sequence),
//                   u64 sequence, i64 timestamp_ms, u64 expiry_height, u32 n + n x action (u8 type, u32 length,
//                   payload)
//   signatures      n x [64] Ed25519, in the order of the signatories, each over
//                   SHA-256(tag "tieline/tx/1", unsigned part)
//
// id = SHA-256 of all of it. Order is per first signatory: a sequence number with a window (ledger/ledger.h).

#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/keys.h"
#include "crypto/scheme.h"
#include "model/ids.h"

namespace tieline {

inline constexpr uint8_t kTxVersion = 1;
inline constexpr size_t kTxBytesMax = 64 * 1024;
inline constexpr size_t kTxSignatoriesMax = 8;
inline constexpr size_t kTxActionsMax = 64;
inline constexpr size_t kReadingsPerTxMax = 1024;
inline constexpr uint64_t kTxLifetimeMax = 100'000;  // blocks between the tip and expiry_height

enum class ActionType : uint8_t {
  kReadings = 1,  // a list of Reading
  kData = 2,      // opaque bytes, recorded and receipted (benchmarks, documents' digests)
  // The market's: energy/market_actions.h. Money
  kIssue = 10,
  kRedeem = 11,
  kRepay = 12,
  // trades
  kOffer = 20,
  kCounter = 21,
  kEndorse = 22,
  kDecline = 23,
  kCancel = 24,
  // readings that are recorded
  kAccept = 30,
  kRuling = 31,
  kCorrection = 32,
  kPublishPrice = 33,
  kTick = 34,
  // stake and governance
  kBond = 40,
  kUnbond = 41,
  kWithdraw = 42,
  kConfiscate = 43,
  kPenalise = 44,
  kPropose = 45,
  kVote = 46,
  kVeto = 47,
  // who may read; keys
  kGrantRead = 50,
  kRevokeRead = 51,
  kRotateKey = 52,
  kSetRecoveryKey = 53,
  kRevokeKey = 54,
  kDeclarations = 64,  // a list of Declaration (model/declaration.h)
  // private metering points: energy/private_actions.h
  kPseudonyms = 70,
  kPrivateRecord = 71,
  kForgery = 72,
  kComplaint = 73,
  kAnswer = 74,
  kPrivateRuling = 75,
  kOpenTotal = 76,
  kBalance = 77,
};
bool is_known(ActionType type);

struct Action {
  ActionType type = ActionType::kData;
  ByteView payload;
};

enum class Obis : uint8_t { kImport = 1 /* 1-0:1.8.0 */, kExport = 2 /* 1-0:2.8.0 */ };
enum class Quality : uint8_t { kMeasured = 1, kCalculated = 2, kSubstituted = 3, kEstimated = 4 };

// One interval of one metering point. 27 bytes, or 35 with a register.
struct Reading {
  MeterId meter = 0;
  Obis obis = Obis::kImport;
  int64_t start_s = 0;      // UTC seconds since 1970, a multiple of 900
  uint32_t duration_s = 0;  // a multiple of 900, at most a day
  uint64_t wh = 0;          // the energy OF the interval
  Quality quality = Quality::kMeasured;
  std::optional<uint64_t> register_wh;
  bool operator==(const Reading&) const = default;
};
void encode(Writer& w, const Reading& r);
void decode(Reader& r, Reading& reading);

// A parsed transaction: views into `bytes`, which it keeps alive. Parsing checks shape and bounds only.
class Transaction {
 public:
  // Errors: oversized, unknown_version, malformed.
  static Result<std::shared_ptr<const Transaction>> parse(Blob bytes);

  const Blob& bytes() const { return bytes_; }
  const TxId& id() const { return id_; }
  const ChainId& chain() const { return chain_; }
  const std::vector<ParticipantId>& signatories() const { return signatories_; }
  ParticipantId signer() const { return signatories_.front(); }
  uint64_t sequence() const { return sequence_; }
  int64_t timestamp_ms() const { return timestamp_ms_; }
  Height expiry_height() const { return expiry_height_; }
  const std::vector<Action>& actions() const { return actions_; }
  const Hash& signed_digest() const { return signed_digest_; }
  const std::vector<Signature>& signatures() const { return signatures_; }

 private:
  Blob bytes_;
  TxId id_;
  ChainId chain_;
  std::vector<ParticipantId> signatories_;
  uint64_t sequence_ = 0;
  int64_t timestamp_ms_ = 0;
  Height expiry_height_ = 0;
  std::vector<Action> actions_;
  Hash signed_digest_;
  std::vector<Signature> signatures_;
};
using TxPtr = std::shared_ptr<const Transaction>;

// What a client fills in; build() signs with the signatories' keys, in their order.
struct TransactionDraft {
  ChainId chain;
  std::vector<ParticipantId> signatories;
  uint64_t sequence = 0;
  int64_t timestamp_ms = 0;
  Height expiry_height = 0;
  struct OwnedAction {
    ActionType type;
    Bytes payload;
  };
  std::vector<OwnedAction> actions;
};
// Shape only; alignment and plausibility are the ledger's. Error: malformed.
Bytes encode_readings(const std::vector<Reading>& readings);
Result<std::vector<Reading>> decode_readings(ByteView payload);
Bytes build_transaction(const TransactionDraft& draft, std::span<const Signer* const> keys);

}  // namespace tieline
