#pragma once
// A list in the state: pages of at most kPageItems, so that adding to a long list writes one page and not the list. A
// head says which pages there are; pages that ran empty are gone. Order: that of adding.

#include <algorithm>

#include "energy/table.h"

namespace tieline::energy {

inline constexpr size_t kPageItems = 32;

struct ListHead {
  uint32_t first = 0;
  uint32_t end = 0;
  bool operator==(const ListHead&) const = default;
};
inline void encode(Writer& w, const ListHead& h) {
  w.u32(h.first);
  w.u32(h.end);
}
inline void decode(Reader& r, ListHead& h) {
  h.first = r.u32();
  h.end = r.u32();
  if (h.first >= h.end) r.fail();
}

template <class K>
struct PageOf {
  K list{};
  uint32_t page = 0;
  auto operator<=>(const PageOf&) const = default;
};
template <class Item>
struct ListPage {
  std::vector<Item> items;
  bool operator==(const ListPage&) const = default;
};
template <class Item>
void encode(Writer& w, const ListPage<Item>& p) {
  encode_list(w, p.items);
}
template <class Item>
void decode(Reader& r, ListPage<Item>& p) {
  decode_list(r, p.items, kPageItems);
}

template <class K, class Item>
class PagedList {
 public:
  PagedList(typename Table<K, ListHead>::Name head, typename Table<PageOf<K>, ListPage<Item>>::Name page)
      : heads_(head), pages_(page) {}

  void add(const K& list, const Item& item) {
    ListHead& head = heads_[list];
    const bool full = head.end == head.first || pages_.at({list, head.end - 1}).items.size() >= kPageItems;
    if (full) ++head.end;
    pages_[{list, head.end - 1}].items.push_back(item);
  }
  // From the end where it is more likely to be; it must be there.
  void remove(const K& list, const Item& item, bool newest_first) {
    ListHead head = heads_.at(list);
    for (uint32_t i = 0; i < head.end - head.first; ++i) {
      const PageOf<K> key{list, newest_first ? head.end - 1 - i : head.first + i};
      const ListPage<Item>* page = pages_.find(key);
      if (page == nullptr) continue;
      const auto at = std::find(page->items.begin(), page->items.end(), item);
      if (at == page->items.end()) continue;
      const auto index = at - page->items.begin();
      auto& items = pages_[key].items;
      items.erase(items.begin() + index);
      if (items.empty()) drop_page(key);
      return;
    }
    TL_CHECK_MSG(false, "a list does not hold what is taken out of it");
  }
  std::vector<Item> items(const K& list) const {
    std::vector<Item> out;
    const ListHead* head = heads_.find(list);
    if (head == nullptr) return out;
    for (uint32_t page = head->first; page < head->end; ++page) {
      const ListPage<Item>* p = pages_.find({list, page});
      if (p != nullptr) out.insert(out.end(), p->items.begin(), p->items.end());
    }
    return out;
  }
  void clear(const K& list) {
    const ListHead* head = heads_.find(list);
    if (head == nullptr) return;
    for (uint32_t page = head->first; page < head->end; ++page) pages_.erase({list, page});
    heads_.erase(list);
  }

  template <class Visit>
  void each_table(Visit visit) {
    visit(heads_);
    visit(pages_);
  }
  template <class Visit>
  void each_table(Visit visit) const {
    visit(heads_);
    visit(pages_);
  }
  bool operator==(const PagedList&) const = default;

 private:
  void drop_page(const PageOf<K>& key) {
    pages_.erase(key);
    ListHead& head = heads_[key.list];
    while (head.first < head.end && !pages_.contains({key.list, head.first})) ++head.first;
    while (head.first < head.end && !pages_.contains({key.list, head.end - 1})) --head.end;
    if (head.first == head.end) heads_.erase(key.list);
  }

  Table<K, ListHead> heads_;
  Table<PageOf<K>, ListPage<Item>> pages_;
};

}  // namespace tieline::energy
