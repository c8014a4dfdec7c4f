#pragma once
// Who took part, counted from the evidence in committed blocks and from nothing else: a pure function of the chain, the
// raw material of credit and trust. Source: CONSENSUS.md 3 and 4 (Table I of paper 000).
//
// A certificate counts once a slot. The same slot may come again with more signers (a late CONFIRM): within the last
// kSlotsKept slots those move from absent to signed, so that a leader cannot hide who took part.

#include <optional>
#include <vector>

#include "model/committee.h"
#include "model/evidence.h"

namespace tieline::standing {

inline constexpr size_t kSlotsKept = 32;
inline constexpr size_t kViewsKept = 64;

struct MemberTally {
  ValidatorId id = 0;
  uint32_t signed_slots = 0;
  uint32_t absent_slots = 0;
  uint32_t absence_spells = 0;  // runs of absent slots
  bool absent_now = false;      // in the newest counted slot
  uint32_t equivocations = 0;
  bool operator==(const MemberTally&) const = default;
};

// What is known of one view. Its leader follows from the committee of the epoch and the view; credit charges it.
struct ViewTally {
  Epoch epoch = 0;
  View view = 0;
  uint32_t slots = 0;    // certified
  uint32_t missing = 0;  // members that are in none of its certificates, summed over its slots
  bool failed = false;   // f+1 members timed out on it
  bool operator==(const ViewTally&) const = default;
};

struct SlotTally {
  Slot slot;
  SignerSet signers;
  bool operator==(const SlotTally&) const = default;
};

// The counters of one epoch (of the blocks that carry the evidence), and what must not be counted again.
struct EpochTally {
  Epoch epoch = 0;
  std::vector<MemberTally> members;  // ascending id
  std::vector<ViewTally> views;      // ascending (epoch, view), the newest kViewsKept
  bool operator==(const EpochTally&) const = default;
};
struct Tally {
  EpochTally current;
  std::vector<SlotTally> slots;  // ascending, the newest kSlotsKept
  bool operator==(const Tally&) const = default;
};
void encode(Writer& w, const EpochTally& t);
void decode(Reader& r, EpochTally& t);
void encode(Writer& w, const Tally& t);
void decode(Reader& r, Tally& t);

EpochTally empty_tally(const Committee& committee);

// Adds what verified evidence shows. `previous` is null in epoch 0. Equivocations are counted by count_equivocation,
// once each proof is known to be new.
void count_evidence(Tally& tally, const Evidence& evidence, const Committee& current, const Committee* previous);
void count_equivocation(Tally& tally, ValidatorId signer);

}  // namespace tieline::standing
