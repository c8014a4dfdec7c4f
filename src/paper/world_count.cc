#include <algorithm>
#include <type_traits>

#include "base/check.h"
#include "paper/world_impl.h"
#include "sim/mix.h"

namespace tieline::paper {
namespace {

constexpr uint64_t kPercent = 100;
constexpr Height kBlocksKept = 1'000;

// The height that a message of the agreement itself is about: votes and proposals of any engine.
std::optional<Height> height_of(const consensus::Message& m) {
  return std::visit(
      [](const auto& payload) -> std::optional<Height> {
        using T = std::decay_t<decltype(payload)>;
        if constexpr (std::is_same_v<T, consensus::Propose>) {
          return payload.header.height;
        } else if constexpr (requires {
                               payload.slot;
                               payload.height;
                               payload.signer;
                             }) {
          return payload.height;
        } else {
          return std::nullopt;
        }
      },
      m.payload);
}

}  // namespace

bool World::counts_as_correct(ValidatorId id) const {
  for (const Conduct& c : options_.conducts)
    if (c.id == id && !c.honest()) return false;
  return options_.bad != id && !options_.silent.contains(id) && !options_.coalition.contains(id);
}

// One draw a tenure: in so many of its views the bad primary says neither PROPOSE nor NEW-VIEW.
bool World::misbehaves(const consensus::Message& m) {
  std::optional<std::pair<Epoch, View>> tenure;
  if (const auto* p = std::get_if<consensus::Propose>(&m.payload)) tenure = {p->slot.epoch, p->slot.view};
  if (const auto* v = std::get_if<consensus::NewView>(&m.payload)) tenure = {v->epoch, v->view};
  if (!tenure) return false;
  Rng draw(sim::mix(sim::mix(options_.seed ^ 0x42414454ULL, tenure->first), tenure->second));
  if (draw.below(kPercent) >= options_.bad_percent) return false;
  bad_tenures_.insert(*tenure);
  return true;
}

void World::count(const consensus::Message* m, const Blob& frame, size_t receivers) {
  const auto add = [&](Count& c) {
    c.messages += receivers;
    c.bytes += receivers * frame.size();
  };
  add(result_.sent[m != nullptr ? consensus::message_name(*m) : "other frames"]);
  if (m == nullptr || options_.count_to == 0) return;
  const auto height = height_of(*m);
  if (height && *height >= options_.count_from && *height <= options_.count_to)
    add(result_.agreement[consensus::message_name(*m)]);
}

void World::proposed(const consensus::Message* m, ValidatorId by) {
  const auto* p = m != nullptr ? std::get_if<consensus::Propose>(&m->payload) : nullptr;
  if (p == nullptr) return;
  if (!result_.first_proposer) {
    result_.first_proposer = by;
    result_.first_proposal_us = now();
  }
  result_.view = std::max(result_.view, p->slot.view);
  blocks_[p->header.height].proposed.try_emplace(p->header.digest(), OfBlock::Proposed{now(), by});
}

void World::committed(const Host& h, const replica::BlockCommitted& effect) {
  if (!counts_as_correct(h.id)) return;
  const Header& header = effect.block->header;
  OfBlock& b = blocks_[header.height];
  if (b.commits == 0) b.digest = effect.block->digest;
  if (b.digest != effect.block->digest) {
    result_.fork = true;
    result_.what = "two blocks are committed at height " + std::to_string(header.height);
    return;
  }
  const OfBlock::Proposed& proposal = b.proposed.at(b.digest);
  if (proposal.by == h.id) result_.leader_us.push_back(now() - proposal.at_us);
  if (++b.commits == correct_) result_.everyone_us.push_back(now() - proposal.at_us);
  if (b.commits != enough_) return;
  if (options_.epoch_blocks > 0) record_credit(effect);
  for (const TxResult& r : effect.execution->results) result_.valid_transactions += r.code == 0 ? 1 : 0;
  result_.consensus_us.push_back(now() - proposal.at_us);
  result_.height = std::max(result_.height, header.height);
  result_.last_commit_us = now();
  result_.reached = result_.height >= options_.blocks;
  while (!blocks_.empty() && blocks_.begin()->first + kBlocksKept < header.height) blocks_.erase(blocks_.begin());
}

}  // namespace tieline::paper
