#include "ledger/slot_pages.h"

namespace tieline {

StatePages::Entry& StatePages::entry(const standing::PageId& id) {
  const auto [at, fresh] = entries_.try_emplace(id);
  if (fresh) {
    at->second.page =
        state::read<standing::SlotPage>(below_, state::page_key(id), "damaged state record: page of counted slots");
  }
  return at->second;
}

const standing::SlotPage* StatePages::find(const standing::PageId& id) {
  const Entry& e = entry(id);
  return e.page ? &*e.page : nullptr;
}

standing::SlotPage& StatePages::change(const standing::PageId& id) {
  Entry& e = entry(id);
  e.changed = true;
  return e.page ? *e.page : e.page.emplace();
}

void StatePages::drop(const standing::PageId& id) {
  Entry& e = entry(id);
  e.changed = true;
  e.page.reset();
}

void StatePages::add_writes(std::vector<std::pair<Bytes, std::optional<Bytes>>>& writes) const {
  for (const auto& [id, e] : entries_) {
    if (!e.changed) continue;
    writes.emplace_back(state::page_key(id), e.page ? std::optional<Bytes>(encoded(*e.page)) : std::nullopt);
  }
}

}  // namespace tieline
