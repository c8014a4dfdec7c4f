#include "energy/due_queue.h"

#include <bit>

namespace tieline::energy {
namespace {

constexpr size_t kDeadlineBytes = 8;
constexpr size_t kKeyBytes = kDeadlineBytes + Hash::kSize;
constexpr uint64_t kSign = uint64_t{1} << 63;  // so that a deadline before 1970 sorts before those after it

uint8_t byte_of(const DueItem& item, size_t index) {
  if (index >= kDeadlineBytes) return item.id.bytes[index - kDeadlineBytes];
  const uint64_t deadline = static_cast<uint64_t>(item.deadline_ms) ^ kSign;
  return static_cast<uint8_t>(deadline >> (8 * (kDeadlineBytes - 1 - index)));
}

bool has_child(const DueNode& node, uint8_t byte) { return (node.children[byte / 64] >> (byte % 64) & 1) != 0; }
void set_child(DueNode& node, uint8_t byte) { node.children[byte / 64] |= uint64_t{1} << (byte % 64); }
void clear_child(DueNode& node, uint8_t byte) { node.children[byte / 64] &= ~(uint64_t{1} << (byte % 64)); }

uint8_t first_child(const DueNode& node) {
  for (size_t word = 0; word < node.children.size(); ++word) {
    if (node.children[word] != 0) {
      return static_cast<uint8_t>(64 * word + static_cast<size_t>(std::countr_zero(node.children[word])));
    }
  }
  TL_CHECK_MSG(false, "a node of the due queue has nothing under it");
  return 0;
}

Bytes name_of(const Bytes& prefix) { return RecordName("due/").id(ByteView(prefix)).take(); }

}  // namespace

void encode(Writer& w, const DueNode& n) {
  for (uint64_t word : n.children) w.u64(word);
  w.u32(static_cast<uint32_t>(n.items.size()));
  for (const DueItem& item : n.items) {
    w.i64(item.deadline_ms);
    encode(w, item.id);
  }
}

void decode(Reader& r, DueNode& n) {
  for (uint64_t& word : n.children) word = r.u64();
  n.items.resize(r.count(kDueLeafMax, kKeyBytes));
  for (DueItem& item : n.items) {
    item.deadline_ms = r.i64();
    decode(r, item.id);
  }
  if (n.is_leaf() == n.items.empty()) r.fail();
}

DueQueue::DueQueue() : nodes_(name_of) {}

bool DueQueue::insert(const DueItem& item) {
  Prefix at;
  for (const DueNode* node = nodes_.find(at); node != nullptr && !node->is_leaf(); node = nodes_.find(at)) {
    const uint8_t byte = byte_of(item, at.size());
    if (!has_child(*node, byte)) set_child(nodes_[at], byte);
    at.push_back(byte);
  }
  std::vector<DueItem>& items = nodes_[at].items;
  const auto place = std::lower_bound(items.begin(), items.end(), item);
  if (place != items.end() && *place == item) return false;
  items.insert(place, item);
  if (items.size() > kDueLeafMax) burst(at);
  return true;
}

// A leaf with one item too many becomes a node; items that share the next byte go on together.
void DueQueue::burst(const Prefix& at) {
  const std::vector<DueItem> items = std::move(nodes_[at].items);
  nodes_[at].items.clear();
  Prefix below = at;
  below.push_back(0);
  for (const DueItem& item : items) {
    below.back() = byte_of(item, at.size());
    set_child(nodes_[at], below.back());
    nodes_[below].items.push_back(item);
  }
  below.back() = byte_of(items.front(), at.size());
  if (nodes_.at(below).items.size() > kDueLeafMax) burst(below);  // then it took all of them
}

bool DueQueue::erase(const DueItem& item) {
  Prefix at;
  const DueNode* node = nodes_.find(at);
  while (node != nullptr && !node->is_leaf()) {
    at.push_back(byte_of(item, at.size()));
    node = nodes_.find(at);
  }
  if (node == nullptr || !std::binary_search(node->items.begin(), node->items.end(), item)) return false;
  std::erase(nodes_[at].items, item);
  if (!nodes_.at(at).items.empty()) return true;
  nodes_.erase(at);
  while (!at.empty()) {
    const uint8_t byte = at.back();
    at.pop_back();
    DueNode& above = nodes_[at];
    clear_child(above, byte);
    if (!above.is_leaf()) break;
    nodes_.erase(at);
  }
  return true;
}

bool DueQueue::contains(const DueItem& item) const {
  Prefix at;
  const DueNode* node = nodes_.find(at);
  while (node != nullptr && !node->is_leaf()) {
    at.push_back(byte_of(item, at.size()));
    node = nodes_.find(at);
  }
  return node != nullptr && std::binary_search(node->items.begin(), node->items.end(), item);
}

std::optional<DueItem> DueQueue::first() const {
  Prefix at;
  const DueNode* node = nodes_.find(at);
  if (node == nullptr) return std::nullopt;
  while (!node->is_leaf()) {
    at.push_back(first_child(*node));
    node = &nodes_.at(at);
  }
  return node->items.front();
}

size_t DueQueue::size_under(const Prefix& at) const {
  const DueNode* node = nodes_.find(at);
  if (node == nullptr) return 0;
  size_t sum = node->items.size();
  Prefix below = at;
  below.push_back(0);
  for (size_t byte = 0; byte < 256 && !node->is_leaf(); ++byte) {
    below.back() = static_cast<uint8_t>(byte);
    if (has_child(*node, below.back())) sum += size_under(below);
  }
  return sum;
}

size_t DueQueue::size() const { return size_under({}); }

}  // namespace tieline::energy
