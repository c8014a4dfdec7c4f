#pragma once
// The pages of the late window (standing/late_window.h) as records of the state below a block, and what the block
// changes of them.

#include <map>

#include "ledger/state.h"

namespace tieline {

class StatePages final : public standing::SlotPages {
 public:
  explicit StatePages(const StateView& below) : below_(below) {}
  const standing::SlotPage* find(const standing::PageId& id) override;
  standing::SlotPage& change(const standing::PageId& id) override;
  void drop(const standing::PageId& id) override;
  // The changed records; no value: deleted.
  void add_writes(std::vector<std::pair<Bytes, std::optional<Bytes>>>& writes) const;

 private:
  struct Entry {
    std::optional<standing::SlotPage> page;
    bool changed = false;
  };
  Entry& entry(const standing::PageId& id);

  const StateView& below_;
  std::map<standing::PageId, Entry> entries_;
};

}  // namespace tieline
