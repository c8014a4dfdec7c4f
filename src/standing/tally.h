#pragma once
// Who took part, counted from the evidence in committed blocks and from nothing else: a pure function of the chain, the
// raw material of credit and trust. Source: CONSENSUS.md 3 and 4 (Table I of paper 000).
//
// A certificate counts once a slot. The same slot may come again with more signers, or with one member's late CONFIRM:
// within the late window (late_window.h) those move from absent to signed, so that a leader cannot hide who took part.
// Within the window the order in which the certificates come makes no difference.

#include <optional>
#include <vector>

#include "model/committee.h"
#include "model/evidence.h"
#include "standing/late_window.h"

namespace tieline::standing {

inline constexpr size_t kViewsKept = 64;
inline constexpr size_t kRejectionsPerMember = 16;  // counted in an epoch; more say nothing more

struct MemberTally {
  ValidatorId id = 0;
  uint32_t signed_slots = 0;
  uint32_t absent_slots = 0;
  uint32_t absence_spells = 0;  // runs of absent slots, in one view each
  bool absent_now = false;      // in the newest counted slot
  uint32_t equivocations = 0;
  uint32_t invalid_blocks = 0;  // proofs that it voted for what no correct member votes for
  uint32_t rejected = 0;        // transactions it handed on that do not verify
  uint32_t led_slots = 0;       // certified in views it led; with led_failed: none where elections decide who leads
  uint32_t led_failed = 0;      // views it led that f+1 members timed out on
  bool operator==(const MemberTally&) const = default;
};

// What is known of one view.
struct ViewTally {
  struct Absent {
    ValidatorId id = 0;
    uint32_t slots = 0;
    bool operator==(const Absent&) const = default;
  };
  Epoch epoch = 0;
  View view = 0;
  uint32_t slots = 0;                   // certified
  uint32_t missing = 0;                 // members that are in none of its certificates, summed over its slots
  bool failed = false;                  // f+1 members timed out on it
  std::optional<ValidatorId> leader{};  // whom the chain may charge
  std::vector<Absent> absent{};         // who is missing in how many of its slots; ascending id
  bool operator==(const ViewTally&) const = default;
};

// The newest vector of one reporter in the epoch, by position in the epoch's committee; kNotMeasured: nothing known.
struct Report {
  ValidatorId reporter = 0;
  uint32_t window = 0;
  std::vector<uint16_t> rtt_ms;
  std::vector<uint16_t> interval_ms;
  bool operator==(const Report&) const = default;
};

struct Rejection {  // counted once a transaction
  ValidatorId submitter = 0;
  Hash transaction;
  auto operator<=>(const Rejection&) const = default;
};

// The counters of one epoch (of the blocks that carry the evidence).
struct EpochTally {
  Epoch epoch = 0;
  std::vector<MemberTally> members;   // ascending id
  std::vector<ViewTally> views;       // ascending (epoch, view), the newest kViewsKept
  std::vector<Report> reports;        // ascending reporter
  std::vector<Rejection> rejections;  // ascending
  bool operator==(const EpochTally&) const = default;
};
struct Tally {
  EpochTally current;
  std::vector<PageRun> window;  // what must not be counted again; its pages are records of their own
  bool operator==(const Tally&) const = default;
};
void encode(Writer& w, const EpochTally& t);
void decode(Reader& r, EpochTally& t);
void encode(Writer& w, const Tally& t);
void decode(Reader& r, Tally& t);

EpochTally empty_tally(const Committee& committee);

// Adds what verified evidence shows. `previous` is null in epoch 0. Proofs that are punished (equivocations, invalid
// blocks) are counted by count_equivocation and count_invalid_block, once each is known to be new.
void count_evidence(Tally& tally, SlotPages& pages, const Evidence& evidence, const ConsensusParams& params,
                    const Committee& current, const Committee* previous);
void count_equivocation(Tally& tally, ValidatorId signer);
void count_invalid_block(Tally& tally, ValidatorId signer);

// Of the reporters other than the member at `position` itself, with up to f of them lying (f of the committee's size):
// the lower median where at least 2f reporters measured it; where fewer did, but more than f, the largest value that f
// liars cannot push above what a correct reporter measured; else kNotMeasured. So nobody is talked down by f liars, and
// with 2f+1 measures nobody is talked up either.
enum class Measure { kRoundTrip, kInterval };
uint16_t median_of_reports(const EpochTally& tally, size_t position, Measure kind);

// Confirmers missing from the blocks that `leader` led, beyond the f members that were absent most in the epoch: those
// are gone, the others were left out or not waited for.
uint32_t led_missing(const EpochTally& tally, ValidatorId leader);

}  // namespace tieline::standing
