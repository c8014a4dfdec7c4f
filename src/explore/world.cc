#include "explore/world.h"

#include "consensus/cbft/leader.h"
#include "consensus/kernel/front_end.h"
#include "consensus/trust_raft/candidates.h"
#include "crypto/hash.h"

namespace tieline::explore {

namespace {

constexpr uint64_t kKeySeed = 1;
constexpr size_t kEnvelopesMax = size_t{1} << 24;

Hash label_hash(const std::string& label) { return sha256(view_of(label)); }

ConsensusParams params_of(const Bounds& bounds) {
  ConsensusParams p;
  p.policy = LeaderPolicy::kStrict;  // with equal credits: everyone once, in an order that the seed draws
  if (bounds.elects) p.engine = EngineKind::kTrustRaft;
  p.fast_path = bounds.fast_path && !bounds.elects;
  p.tenure_slots = bounds.tenure_slots;
  p.epoch_blocks = 1'000'000;  // one epoch
  p.checkpoint_blocks = 1'000'000;
  return p;
}

}  // namespace

World::World(const Bounds& bounds) : bounds_(bounds), keys_(kKeySeed, kValidators), params_(params_of(bounds)) {
  std::vector<Member> members;
  for (size_t i = 0; i < kValidators; ++i) {
    Member m;
    m.id = static_cast<ValidatorId>(kFirstId + i);
    m.org = static_cast<OrgId>(i);
    m.key = keys_.key(i);
    m.credit = kCreditOne / 2;
    members.push_back(m);
  }
  committee_ = Committee(0, label_hash("explorer"), members, params_.fault_model());
  const ValidatorId first = consensus::most_trusted(committee_);
  const size_t first_position = *committee_.position_of(first);
  for (View view = 0; view < kValidators; ++view) {
    // Where later leaders are elected, seats after the first say nothing but who is meant.
    ids_.push_back(bounds.elects ? committee_.at((first_position + view) % kValidators).id
                                 : consensus::leader_of(params_, committee_, view));
    signers_.push_back(keys_.signer(static_cast<size_t>(ids_.back() - kFirstId)));
  }
  genesis_.chain = label_hash("explorer's chain");
  genesis_.parent = genesis_.chain;
  genesis_.time_ms = kWallMs;
  genesis_digest_ = genesis_.digest();
  auto block = std::make_shared<Block>();
  block->header = genesis_;
  block->digest = genesis_digest_;
  blocks_.push_back({block, Label{}});
  numbers_[genesis_digest_] = 0;
}

Seat World::seat(ValidatorId id) const {
  for (size_t i = 0; i < ids_.size(); ++i)
    if (ids_[i] == id) return static_cast<Seat>(i);
  TL_CHECK_MSG(false, "no such validator in the explorer's world");
  return 0;
}

uint32_t World::number_of(const Hash& digest) const {
  const auto at = numbers_.find(digest);
  TL_CHECK_MSG(at != numbers_.end(), "a block that nobody built");
  return at->second;
}

BlockPtr World::build(const Hash& parent, const Label& label) {
  const Header& above = block(parent).header;
  auto block = std::make_shared<Block>();
  Header& h = block->header;
  h.chain = genesis_.chain;
  h.parent = parent;
  h.height = above.height + 1;
  h.time_ms = above.time_ms;
  h.tx_count = 1;
  const std::string text = std::to_string(label.view) + " " + std::to_string(label.seat) + " " +
                           std::to_string(label.lives) + " " + std::to_string(label.choice);
  h.tx_root = label_hash("transactions " + text);
  h.evidence_root = sha256(block->evidence);
  h.writes_digest = label_hash("writes " + text);
  block->digest = h.digest();
  const auto [at, fresh] = numbers_.try_emplace(block->digest, static_cast<uint32_t>(blocks_.size()));
  if (fresh) blocks_.push_back({block, label});
  return blocks_[at->second].block;
}

std::string World::block_name(const Hash& digest) const {
  const auto at = numbers_.find(digest);
  if (at == numbers_.end()) return "?" + to_hex(digest).substr(0, 4);
  return at->second == 0 ? "genesis" : "block " + std::to_string(at->second);
}

EnvelopeId World::envelope(Seat from, const MessagePtr& message) {
  TL_CHECK(envelopes_.size() < kEnvelopesMax);
  const auto [at, fresh] =
      envelope_ids_.try_emplace({from, message->digest}, static_cast<EnvelopeId>(envelopes_.size()));
  if (fresh) envelopes_.push_back({from, message});
  return at->second;
}

MessagePtr World::message(const Hash& digest) const {
  for (Seat from = 0; from < kValidators; ++from)
    if (const auto at = envelope_ids_.find({from, digest}); at != envelope_ids_.end())
      return envelopes_[at->second].message;
  return nullptr;
}

std::string describe(const World&, const Slot& slot) {
  return "(" + std::to_string(slot.view) + "," + std::to_string(slot.index) + ")";
}

std::string describe(const World& world, const Message& message) {
  const auto name = [&](ValidatorId id) { return "v" + std::to_string(world.seat(id)); };
  std::string out = consensus::message_name(message);
  std::visit(
      [&](const auto& m) {
        using M = std::decay_t<decltype(m)>;
        if constexpr (std::is_same_v<M, consensus::Propose>) {
          out += " " + describe(world, m.slot) + " " + world.block_name(m.header.digest()) + " on " +
                 world.block_name(m.header.parent) + (m.new_view ? " with NEW-VIEW" : "");
        } else if constexpr (std::is_same_v<M, consensus::Confirm>) {
          out += " " + describe(world, m.slot) + " " + world.block_name(m.block);
        } else if constexpr (std::is_same_v<M, consensus::ViewChange>) {
          out += " to " + std::to_string(m.view) + " of " + name(m.signer) +
                 (world.bounds().elects && m.leader != consensus::kNobody ? " for " + name(m.leader) : std::string()) +
                 ", highQC " + describe(world, m.high_qc.slot) + " " + world.block_name(m.high_qc.block);
          if (m.last_vote)
            out += ", lastVote " + describe(world, m.last_vote->slot) + " " + world.block_name(m.last_vote->block);
        } else if constexpr (std::is_same_v<M, consensus::ViewChangeAck>) {
          out += " to " + std::to_string(m.view) + " by " + name(m.signer) + " of " + name(m.subject) + "'s";
        } else if constexpr (std::is_same_v<M, consensus::NewView>) {
          out += " of " + std::to_string(m.view) + ", V = {";
          for (const auto& entry : m.entries)
            out += " " + name(std::get<consensus::ViewChange>(entry.view_change->payload).signer);
          out += " }, J " + describe(world, m.justify_slot) +
                 (m.repropose ? ", again " + world.block_name(*m.repropose) : ", a new child");
        } else if constexpr (std::is_same_v<M, consensus::Decided>) {
          out += " " + world.block_name(m.header.digest());
        }
      },
      message.payload);
  return out;
}

}  // namespace tieline::explore
