#pragma once
// Who signed each of the newest counted slots, so that a member a leader left out can still be moved from absent to
// signed when another leads. The window is the tenures of f+1 leaders, one of whom is correct: genesis' tenure in slots
// times f+1, at most kLateSlotsMax. Source: CONSENSUS.md 2 and 3 (late-CONFIRM window).
//
// Kept in pages of 64 slots of one view, each a record of its own, so that a block rewrites one page and not the whole
// window. At least the window's slots are kept; a page goes as a whole.

#include <optional>
#include <vector>

#include "model/committee.h"
#include "model/genesis.h"

namespace tieline::standing {

inline constexpr uint64_t kLateSlotsMax = 8'192;
inline constexpr uint32_t kPageSlots = 64;
inline constexpr size_t kRunsMax = 256;  // views in the window: more than f+1 of the largest committee

uint64_t late_window(const ConsensusParams& params, const Committee& committee);

struct PageId {
  Epoch epoch = 0;
  View view = 0;
  uint32_t number = 0;  // index / kPageSlots
  auto operator<=>(const PageId&) const = default;
};
struct SlotPage {
  uint64_t counted = 0;            // bit i: slot number * 64 + i
  uint64_t in_next_epoch = 0;      // of those, counted by the tally of the epoch after the slot's
  std::vector<SignerSet> signers;  // one a counted slot, ascending
  bool operator==(const SlotPage&) const = default;
};
void encode(Writer& w, const SlotPage& p);
void decode(Reader& r, SlotPage& p);

// Where the pages are: the ledger's state, or a map in a test.
class SlotPages {
 public:
  virtual ~SlotPages() = default;
  virtual const SlotPage* find(const PageId& id) = 0;  // null: none
  virtual SlotPage& change(const PageId& id) = 0;      // makes it when there is none
  virtual void drop(const PageId& id) = 0;
};

// The pages `first` to `last` of one view (some in between may not exist), with so many counted slots in all.
struct PageRun {
  Epoch epoch = 0;
  View view = 0;
  uint32_t first = 0;
  uint32_t last = 0;
  uint32_t slots = 0;
  bool operator==(const PageRun&) const = default;
};
void encode(Writer& w, const PageRun& r);
void decode(Reader& r, PageRun& run);

class LateWindow {
 public:
  LateWindow(std::vector<PageRun>& runs, SlotPages& pages, uint64_t slots)
      : runs_(runs), pages_(pages), slots_(slots) {}

  // Whether the member at `position` signed the slot; none: the slot is not counted, or no longer known.
  std::optional<bool> signed_in(const Slot& slot, size_t position) const;
  bool counted_in_next_epoch(const Slot& slot) const;
  bool newest(const Slot& slot) const;  // none above it is counted
  // Counts a slot once; false: it is counted already, or older than what is kept.
  bool add(const Slot& slot, const SignerSet& signers, bool in_next_epoch);
  // Adds a signer to a counted slot; false: not counted, or signed already.
  bool add_signer(const Slot& slot, size_t position);

 private:
  PageRun* run_of(const PageId& id);
  void evict();

  std::vector<PageRun>& runs_;  // ascending (epoch, view)
  SlotPages& pages_;
  uint64_t slots_;
};

}  // namespace tieline::standing
