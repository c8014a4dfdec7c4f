#include "standing/late_window.h"

#include <algorithm>
#include <bit>
#include <tuple>

#include "base/check.h"

namespace tieline::standing {
namespace {

uint64_t bit_of(const Slot& slot) { return uint64_t{1} << (static_cast<uint64_t>(slot.index) % kPageSlots); }

PageId page_of(const Slot& slot) {
  return {slot.epoch, slot.view, static_cast<uint32_t>(static_cast<uint64_t>(slot.index) / kPageSlots)};
}

size_t place_of(const SlotPage& page, uint64_t bit) {
  return static_cast<size_t>(std::popcount(page.counted & (bit - 1)));
}

bool numbered(const Slot& slot) {
  return slot.index >= 0 && static_cast<uint64_t>(slot.index) / kPageSlots <= UINT32_MAX;
}

}  // namespace

uint64_t late_window(const ConsensusParams& params, const Committee& committee) {
  const uint64_t tenures = uint64_t{params.tenure_slots} * (committee.count().f() + 1);
  return std::clamp<uint64_t>(tenures, 1, kLateSlotsMax);
}

void encode(Writer& w, const SlotPage& p) {
  w.u64(p.counted);
  w.u64(p.in_next_epoch);
  for (const SignerSet& signers : p.signers) encode(w, signers);
}

void decode(Reader& r, SlotPage& p) {
  p.counted = r.u64();
  p.in_next_epoch = r.u64();
  if ((p.in_next_epoch & ~p.counted) != 0) r.fail();
  p.signers.assign(static_cast<size_t>(std::popcount(p.counted)), {});
  for (SignerSet& signers : p.signers) decode(r, signers);
}

void encode(Writer& w, const PageRun& r) {
  w.u64(r.epoch);
  w.u64(r.view);
  w.u32(r.first);
  w.u32(r.last);
  w.u32(r.slots);
}

void decode(Reader& r, PageRun& run) {
  run.epoch = r.u64();
  run.view = r.u64();
  run.first = r.u32();
  run.last = r.u32();
  run.slots = r.u32();
}

std::optional<bool> LateWindow::signed_in(const Slot& slot, size_t position) const {
  if (!numbered(slot)) return std::nullopt;
  const SlotPage* page = pages_.find(page_of(slot));
  const uint64_t bit = bit_of(slot);
  if (page == nullptr || (page->counted & bit) == 0) return std::nullopt;
  return page->signers[place_of(*page, bit)].contains(position);
}

bool LateWindow::counted_in_next_epoch(const Slot& slot) const {
  const SlotPage* page = pages_.find(page_of(slot));
  return page != nullptr && (page->in_next_epoch & bit_of(slot)) != 0;
}

bool LateWindow::newest(const Slot& slot) const {
  if (runs_.empty()) return true;
  const PageRun& back = runs_.back();
  const PageId id = page_of(slot), last{back.epoch, back.view, back.last};
  if (id != last) return last < id;
  const SlotPage* page = pages_.find(last);
  return page == nullptr || (page->counted & ~(bit_of(slot) | (bit_of(slot) - 1))) == 0;
}

// The run that holds the page, made or extended when the page is above all that are kept.
PageRun* LateWindow::run_of(const PageId& id) {
  if (runs_.empty() || std::tuple(runs_.back().epoch, runs_.back().view) < std::tuple(id.epoch, id.view)) {
    return &runs_.emplace_back(PageRun{id.epoch, id.view, id.number, id.number, 0});
  }
  if (runs_.back().epoch == id.epoch && runs_.back().view == id.view) {
    runs_.back().last = std::max(runs_.back().last, id.number);
  }
  for (PageRun& run : runs_) {
    if (run.epoch == id.epoch && run.view == id.view && run.first <= id.number && id.number <= run.last) return &run;
  }
  return nullptr;
}

bool LateWindow::add(const Slot& slot, const SignerSet& signers, bool in_next_epoch) {
  if (!numbered(slot) || signed_in(slot, 0).has_value()) return false;
  const PageId id = page_of(slot);
  PageRun* run = run_of(id);
  if (run == nullptr) return false;
  ++run->slots;
  SlotPage& page = pages_.change(id);
  const uint64_t bit = bit_of(slot);
  page.signers.insert(page.signers.begin() + static_cast<ptrdiff_t>(place_of(page, bit)), signers);
  page.counted |= bit;
  if (in_next_epoch) page.in_next_epoch |= bit;
  evict();
  return true;
}

bool LateWindow::add_signer(const Slot& slot, size_t position) {
  if (signed_in(slot, position) != std::optional<bool>(false)) return false;
  SlotPage& page = pages_.change(page_of(slot));
  page.signers[place_of(page, bit_of(slot))].insert(position);
  return true;
}

void LateWindow::evict() {
  uint64_t total = 0;
  for (const PageRun& run : runs_) total += run.slots;
  while (!runs_.empty()) {
    PageRun& front = runs_.front();
    const PageId id{front.epoch, front.view, front.first};
    const SlotPage* page = pages_.find(id);
    const auto held = page == nullptr ? 0 : static_cast<uint32_t>(std::popcount(page->counted));
    if (total - held < slots_ && runs_.size() <= kRunsMax) return;
    if (runs_.size() == 1 && front.first == front.last) return;  // the newest page stays
    TL_CHECK(held <= front.slots);
    if (page != nullptr) pages_.drop(id);
    total -= held;
    front.slots -= held;
    if (front.first++ == front.last) runs_.erase(runs_.begin());
  }
}

}  // namespace tieline::standing
