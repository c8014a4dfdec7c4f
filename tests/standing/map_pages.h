#pragma once
// The pages of the late window in memory.

#include <map>

#include "standing/late_window.h"

namespace tieline::testing {

struct MapPages final : standing::SlotPages {
  std::map<standing::PageId, standing::SlotPage> pages;
  const standing::SlotPage* find(const standing::PageId& id) override {
    const auto at = pages.find(id);
    return at == pages.end() ? nullptr : &at->second;
  }
  standing::SlotPage& change(const standing::PageId& id) override { return pages[id]; }
  void drop(const standing::PageId& id) override { pages.erase(id); }
};

}  // namespace tieline::testing
