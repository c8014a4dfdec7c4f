#pragma once
// The records of private metering points in the state (docs/formats/state.md), and what a slot of a pseudonym counts as
// at a point in market time. Slots are quarters of an hour from 1970 UTC, times in milliseconds, energy in Wh.
//
// What time alone decides is computed, not written: a slot without a reading counts as its public substitute from its
// close on, and a complaint that the meter leaves unanswered makes the reading missing. So a close of thousands of
// points costs nothing, and no order of blocks can change it. Source: ENERGY.md ("Privacy", "Blinding").

#include <optional>
#include <vector>

#include "energy/private_actions.h"
#include "energy/reading_state.h"
#include "energy/table.h"
#include "ledger/state.h"

namespace tieline {

struct PseudonymRecord {
  ParticipantId distributor = 0;
  uint8_t bucket = 0;
  energy::BillingPeriod period;
  uint32_t faults = 0;  // proven forgeries, and complaints that were right
  bool operator==(const PseudonymRecord&) const = default;
};
void encode(Writer& w, const PseudonymRecord& p);
void decode(Reader& r, PseudonymRecord& p);
Bytes pseudonym_name(const energy::Pseudonym& key);  // "pseudonym/" key

// All pseudonyms of a distributor and billing period, in the order of the batch.
struct BatchOf {
  ParticipantId distributor = 0;
  int64_t start_s = 0;
  auto operator<=>(const BatchOf&) const = default;
};
struct BatchRecord {
  int64_t end_s = 0;
  std::vector<energy::Pseudonym> keys;
  bool operator==(const BatchRecord&) const = default;
};
void encode(Writer& w, const BatchRecord& b);
void decode(Reader& r, BatchRecord& b);
Bytes batch_name(const BatchOf& of);  // "private-batch/" u32 u64

inline constexpr size_t kPrivatePeriodsMax = 64;  // of a distributor, with slots that are not final

// What a distributor answers for.
struct PrivateDuty {
  struct Period {
    int64_t start_s = 0;
    uint32_t closes = 0;  // the slot that closes next
    uint32_t drops = 0;   // and the one that is final next: then its readings leave the state
    uint32_t end = 0;     // exclusive
    bool operator==(const Period&) const = default;
  };
  int64_t newest_end_s = 0;     // of the newest period: the next one begins there or later
  std::vector<Period> periods;  // with slots that are not final, ascending
  uint64_t balanced = 0;        // slots with a proof by their close
  uint64_t defaults = 0;        // and without
  uint64_t excused = 0;         // without, for what others did
  bool operator==(const PrivateDuty&) const = default;
};
void encode(Writer& w, const PrivateDuty& d);
void decode(Reader& r, PrivateDuty& d);
Bytes private_duty_name(const ParticipantId& distributor);  // "private-duty/" u32

struct SlotOfPoint {
  energy::Pseudonym pseudonym;
  Obis obis = Obis::kImport;
  uint32_t slot = 0;
  auto operator<=>(const SlotOfPoint&) const = default;
};
void encode(Writer& w, const SlotOfPoint& s);
void decode(Reader& r, SlotOfPoint& s);
struct PrivateEntry {
  uint8_t version = 0;
  bool is_void = false;  // proven wrong: its public substitute stands in
  Commitment commitment;
  TxId tx;                               // which brought it: the sealed payloads are there
  std::vector<ParticipantId> receivers;  // ascending
  std::vector<Hash> complaints;          // all that were made, of any version
  std::optional<Hash> complaint;         // that is not ruled
  bool operator==(const PrivateEntry&) const = default;
};
void encode(Writer& w, const PrivateEntry& e);
void decode(Reader& r, PrivateEntry& e);
Bytes private_entry_name(const SlotOfPoint& of);  // "private/" key u8 u32

enum class ComplaintState : uint8_t { kOpen = 0, kAnswered = 1, kMeterAtFault = 2, kFalse = 3 };
struct ComplaintRecord {
  SlotOfPoint of;
  uint8_t version = 0;
  ParticipantId receiver = 0;
  int64_t since_ms = 0;  // when it was made, or answered
  ComplaintState state = ComplaintState::kOpen;
  TxId tx;                      // of the complaint
  std::optional<TxId> answer;   // of the answer
  ParticipantId regulator = 0;  // to whom the answer is sealed, and who rules; 0: not answered
  bool operator==(const ComplaintRecord&) const = default;
};
void encode(Writer& w, const ComplaintRecord& c);
void decode(Reader& r, ComplaintRecord& c);
Bytes complaint_name(const Hash& complaint);  // "complaint/" hash

struct OpenedOf {
  energy::Pseudonym pseudonym;
  Obis obis = Obis::kImport;
  uint32_t set = 0;
  auto operator<=>(const OpenedOf&) const = default;
};
struct OpenedTotal {
  Int128 value = 0;  // sum(weight x Wh)
  Hash statement;    // total_digest
  bool operator==(const OpenedTotal&) const = default;
};
void encode(Writer& w, const OpenedTotal& o);
void decode(Reader& r, OpenedTotal& o);
Bytes opened_name(const OpenedOf& of);  // "opened/" key u8 u32

struct BalanceOf {
  ParticipantId distributor = 0;
  uint32_t slot = 0;
  auto operator<=>(const BalanceOf&) const = default;
};
struct BalanceRecord {
  Hash digest;  // region_digest: holds as long as what is balanced is the same
  bool operator==(const BalanceRecord&) const = default;
};
void encode(Writer& w, const BalanceRecord& b);
void decode(Reader& r, BalanceRecord& b);
Bytes balance_name(const BalanceOf& of);  // "balance/" u32 u32

// --- what a slot counts as

inline int64_t private_slot_end_ms(uint32_t slot) { return (int64_t{slot} + 1) * energy::kSlotMs; }

// Whether something may still follow: an answer, or a ruling on it. If no ruling came in time, the complaint is closed
// and the reading stands.
bool is_open(const ComplaintRecord& complaint, int64_t now_ms);
// Whether the reading counts: neither proven wrong nor complained of without an answer in time.
bool stands(const PrivateEntry& entry, const ComplaintRecord* complaint, int64_t now_ms);
// What is put in the place of a reading: of 1-0:1.8.0 five quarters of the public profile, of 1-0:2.8.0 nothing, so
// that nobody is paid for what no meter said.
uint64_t substitute_wh(const PrivateGenesis& params, uint8_t bucket, Obis obis, uint32_t slot);
// Error "too_early": there is no reading, and the slot may still get one.
Result<energy::SlotValue> slot_value(const PrivateGenesis& params, const PseudonymRecord& pseudonym,
                                     const SlotOfPoint& of, const PrivateEntry* entry, const ComplaintRecord* complaint,
                                     int64_t now_ms, int64_t from_end_ms);

}  // namespace tieline
