#pragma once
// Why somebody's credit is what it is: for each of the last epochs what was seen, what the model said, how credit
// moved, and which evidence stood behind it, with the heights of the blocks that carry it. In the state, so that every
// validator tells the same story. Nobody should have to guess why they may not lead.

#include <vector>

#include "standing/assess.h"

namespace tieline::standing {

inline constexpr size_t kLogEpochs = 16;        // kept of a validator
inline constexpr size_t kEventsPerMember = 16;  // kept of an epoch, the newest

enum class CreditEventKind : uint8_t { kFailedView = 1, kAbsence = 2, kProof = 3 };
const char* event_name(CreditEventKind kind);

struct CreditEvent {
  CreditEventKind kind{};
  ValidatorId validator = 0;
  Height height = 0;  // of the block that carries the evidence
  Epoch epoch = 0;    // and view: the failed one; the newest one that was counted when absence or proof was seen
  View view = 0;
  bool operator==(const CreditEvent&) const = default;
};
void encode(Writer& w, const CreditEvent& e);
void decode(Reader& r, CreditEvent& e);

// Of the running epoch, all members together.
struct CreditEvents {
  std::vector<CreditEvent> list;
  bool operator==(const CreditEvents&) const = default;
};
void encode(Writer& w, const CreditEvents& e);
void decode(Reader& r, CreditEvents& e);

struct CreditEntry {
  Epoch epoch = 0;
  Height end = 0;  // the epoch's last block
  Observed observed;
  uint32_t output = 0;
  uint32_t credit = 0;  // after
  uint32_t jailed_until = 0;
  std::vector<CreditEvent> events;
  bool operator==(const CreditEntry&) const = default;
};
struct CreditLog {
  std::vector<CreditEntry> entries;  // ascending epoch, the newest kLogEpochs
  bool operator==(const CreditLog&) const = default;
};
void encode(Writer& w, const CreditLog& log);
void decode(Reader& r, CreditLog& log);

// Adds what one block's evidence changed in the tally of an epoch: views that failed (charged to their leader), absence
// that began, proofs.
void note_events(CreditEvents& events, const EpochTally& before, const EpochTally& after, Height height);

// What the log says of an ended epoch: the events are those of `id` among all members'.
CreditEntry entry_of(Epoch epoch, Height end, const Assessed& assessed, const CreditRecord& record,
                     const CreditEvents& events, ValidatorId id);

void add_entry(CreditLog& log, CreditEntry entry);

}  // namespace tieline::standing
