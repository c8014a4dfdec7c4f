#include "replica/block_tree.h"

#include <algorithm>
#include <unordered_set>

namespace tieline::replica {

BlockTree::BlockTree(const StoreReader& store, Header tip, Hash tip_digest)
    : store_(store), tip_(std::move(tip)), tip_digest_(tip_digest), store_height_(tip_.height) {}

void BlockTree::add(BlockNode node) {
  const Hash digest = node.block->digest;
  TL_CHECK_MSG(parent_header(node.block->header.parent) != nullptr, "a block is executed above a known parent");
  TL_CHECK(node.execution != nullptr);
  if (nodes_.emplace(digest, std::move(node)).second) order_.push_back(digest);
}

BlockNode* BlockTree::find(const Hash& digest) {
  auto it = nodes_.find(digest);
  return it == nodes_.end() ? nullptr : &it->second;
}

const BlockNode* BlockTree::find(const Hash& digest) const {
  auto it = nodes_.find(digest);
  return it == nodes_.end() ? nullptr : &it->second;
}

const Header* BlockTree::parent_header(const Hash& digest) const {
  if (digest == tip_digest_) return &tip_;
  const BlockNode* node = find(digest);
  return node == nullptr ? nullptr : &node->block->header;
}

StateView BlockTree::view_at(const Hash& digest) const {
  std::vector<std::shared_ptr<const WriteSet>> layers;
  for (Hash at = digest; at != tip_digest_;) {
    const BlockNode* node = find(at);
    TL_CHECK_MSG(node != nullptr, "a state is asked for only above known blocks");
    layers.push_back(node->execution->writes);
    at = node->block->header.parent;
  }
  for (auto it = pending_.rbegin(); it != pending_.rend(); ++it) layers.push_back(it->node.execution->writes);
  return StateView(base(), std::move(layers));
}

std::vector<BlockNode*> BlockTree::path_to(const Hash& digest) {
  std::vector<BlockNode*> path;
  for (Hash at = digest; at != tip_digest_;) {
    BlockNode* node = find(at);
    if (node == nullptr) return {};  // it hangs below the tip by now
    path.push_back(node);
    at = node->block->header.parent;
  }
  std::reverse(path.begin(), path.end());
  return path;
}

std::optional<Lsn> BlockTree::oldest_logged() const {
  std::optional<Lsn> oldest;
  for (const Hash& digest : order_) {
    const Lsn lsn = nodes_.at(digest).logged;
    if (lsn != 0 && (!oldest || lsn < *oldest)) oldest = lsn;
  }
  return oldest;
}

std::vector<const BlockNode*> BlockTree::logged() const {
  std::vector<const BlockNode*> out;
  for (const Hash& digest : order_)
    if (const BlockNode& node = nodes_.at(digest); node.logged != 0) out.push_back(&node);
  return out;
}

const BlockNode& BlockTree::commit(const Hash& digest) {
  auto it = nodes_.find(digest);
  TL_CHECK_MSG(it != nodes_.end() && it->second.block->header.parent == tip_digest_,
               "blocks are committed one above the other");
  BlockNode node = std::move(it->second);
  nodes_.erase(it);
  tip_ = node.block->header;
  tip_digest_ = digest;
  remember_commit(digest, tip_.height);
  pending_.push_back({tip_.height, std::move(node)});

  // Parents stand before their children in order_, so one pass finds all that still hangs on the tip.
  std::unordered_set<Hash> kept{tip_digest_};
  std::deque<Hash> order;
  for (const Hash& each : order_) {
    auto at = nodes_.find(each);
    if (at == nodes_.end()) continue;
    if (kept.contains(at->second.block->header.parent)) {
      kept.insert(each);
      order.push_back(each);
    } else {
      nodes_.erase(at);
    }
  }
  order_ = std::move(order);
  return pending_.back().node;
}

void BlockTree::store_reached(Height height) {
  store_height_ = std::max(store_height_, height);
  if (height >= installed_height_) installed_.reset();
  while (!pending_.empty() && pending_.front().height <= height) pending_.pop_front();
}

void BlockTree::install(Header tip, const Hash& tip_digest, std::shared_ptr<const StoreReader> base) {
  nodes_.clear();
  order_.clear();
  pending_.clear();
  recent_.clear();
  recent_order_.clear();
  installed_ = std::move(base);
  installed_height_ = tip.height;
  tip_ = std::move(tip);
  tip_digest_ = tip_digest;
  remember_commit(tip_digest_, tip_.height);
}

const BlockNode* BlockTree::committed_at(Height height) const {
  for (const Pending& pending : pending_)
    if (pending.height == height) return &pending.node;
  return nullptr;
}

std::optional<Height> BlockTree::height_of_committed(const Hash& digest) const {
  auto it = recent_.find(digest);
  if (it == recent_.end()) return std::nullopt;
  return it->second;
}

void BlockTree::remember_commit(const Hash& digest, Height height) {
  if (!recent_.emplace(digest, height).second) return;
  recent_order_.push_back(digest);
  if (recent_order_.size() > kRecentCommitsMax) {
    recent_.erase(recent_order_.front());
    recent_order_.pop_front();
  }
}

}  // namespace tieline::replica
