#include "ledger/execute.h"

#include <algorithm>
#include <map>

#include "crypto/hash.h"
#include "ledger/block_order.h"
#include "ledger/block_work.h"
#include "ledger/members.h"
#include "ledger/slot_pages.h"
#include "ledger/state.h"

namespace tieline {
namespace {

using StateWrites = std::vector<std::pair<Bytes, std::optional<Bytes>>>;

Error invalid(std::string why) { return Error{"block_invalid", std::move(why)}; }

std::string numbers(const char* what, uint64_t found, const char* wanted, uint64_t value) {
  return std::string(what) + " " + std::to_string(found) + ", " + wanted + " " + std::to_string(value);
}

Status check_position(const BlockDraft& draft, const Header& parent) {
  if (draft.time_ms < parent.time_ms) return invalid("the block's time lies before its parent's");
  if (draft.time_ms > kBlockTimeMsMax) return invalid("the block's time lies after the year 9999");
  if (draft.is_void) {
    if (!parent.ends_epoch() && !parent.is_void) return invalid("a void block may only follow an epoch's last block");
    if (draft.height != parent.height)
      return invalid(numbers("a void block of height", draft.height, "its parent has", parent.height));
    if (draft.epoch != parent.epoch)
      return invalid(numbers("a void block of epoch", draft.epoch, "its parent is of", parent.epoch));
    if (!draft.txs.empty() || !draft.evidence.empty()) return invalid("a void block has content");
    return {};
  }
  if (parent.is_void) return invalid("only void blocks may follow a void block");
  if (draft.height != parent.height + 1)
    return invalid(numbers("height", draft.height, "the parent has", parent.height));
  const Epoch epoch = parent.ends_epoch() ? parent.epoch + 1 : parent.epoch;
  if (draft.epoch != epoch) return invalid(numbers("epoch", draft.epoch, "above this parent it must be", epoch));
  return {};
}

Status check_bounds(const BlockDraft& draft, const Genesis& genesis) {
  const ConsensusParams& params = genesis.consensus;
  if (draft.txs.size() > params.block_tx_max) {
    return invalid(numbers("transactions:", draft.txs.size(), "at most", params.block_tx_max));
  }
  size_t bytes = 0;
  for (const TxPtr& tx : draft.txs) bytes += tx->bytes().size();
  if (bytes > params.block_bytes_max)
    return invalid(numbers("bytes of transactions:", bytes, "at most", params.block_bytes_max));
  if (genesis.private_points) {
    uint64_t work = 0;
    for (const TxPtr& tx : draft.txs) work += private_work_us(*tx);
    if (work > energy::kPrivateWorkMax)
      return invalid(numbers("work on private points, us:", work, "at most", energy::kPrivateWorkMax));
  }
  if (draft.evidence.size() > kEvidenceBytesMax) {
    return invalid(numbers("bytes of evidence:", draft.evidence.size(), "at most", kEvidenceBytesMax));
  }
  return {};
}

// Sorted by the ids' first words, since a hash table could be filled with chosen collisions.
Status check_distinct(const std::vector<TxPtr>& txs) {
  std::vector<std::pair<uint64_t, const TxId*>> ids;
  ids.reserve(txs.size());
  for (const TxPtr& tx : txs) {
    uint64_t word;
    std::memcpy(&word, tx->id().bytes.data(), sizeof(word));
    ids.emplace_back(word, &tx->id());
  }
  std::sort(ids.begin(), ids.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : *a.second < *b.second;
  });
  for (size_t i = 1; i < ids.size(); ++i) {
    if (*ids[i - 1].second == *ids[i].second)
      return invalid("transaction " + to_hex(*ids[i].second) + " stands in it twice");
  }
  return {};
}

template <class T>
void put(StateWrites& writes, Bytes key, const T& record) {
  writes.emplace_back(std::move(key), encoded(record));
}

// What a block changes apart from its transactions: the roll of an epoch's tables in its first block, and what its
// evidence adds up to.
class EpochWork {
 public:
  EpochWork(const StateView& parent, const Header& parent_header, const Hash& parent_digest, Epoch epoch)
      : parent_(parent),
        epoch_(state::next_epoch(parent, parent_header, parent_digest)),
        first_(parent_header.ends_epoch()) {
    TL_CHECK(epoch_.epoch == epoch);
    current_ = must_committee(epoch);
    if (epoch > 0) previous_ = must_committee(epoch - 1);
  }

  const Committee& current() const { return current_; }
  const Committee* previous() const { return previous_ ? &*previous_ : nullptr; }

  // What the evidence adds to the tally, and what an ended epoch's tally does to credit and trust.
  void count(const Evidence& evidence, const Genesis& genesis, Height height, StateWrites& writes) {
    if (!first_ && evidence.empty()) return;
    auto tally = state::must_read<standing::Tally>(parent_, state::tally_key(), "damaged state record: tally");
    auto events = state::must_read<standing::CreditEvents>(parent_, state::credit_events_key(),
                                                           "damaged state record: credit events");
    const standing::CreditEvents events_before = events;
    if (first_) {
      put(writes, state::past_tally_key(), tally.current);
      end_epoch(tally.current, events, genesis, height - 1, writes);
      tally.current = standing::empty_tally(current_);
      events.list.clear();
    }
    const standing::EpochTally before = tally.current;
    StatePages pages(parent_);
    standing::count_evidence(tally, pages, evidence, genesis.consensus, current_, previous());
    pages.add_writes(writes);
    // What is proven is punished once a slot, whatever is proven of it.
    const auto punish = [&](ValidatorId id, const Slot& slot) {
      if (!standing::punish_equivocation(record_of(id), slot, epoch_.epoch, genesis.consensus.jail_epochs))
        return false;
      standing::punish_trust(trust_of(id));
      return true;
    };
    for (const Equivocation& e : evidence.equivocations)
      if (punish(e.signer, e.slot)) standing::count_equivocation(tally, e.signer);
    for (const InvalidBlock& b : evidence.invalid)
      if (punish(b.signer, b.slot)) standing::count_invalid_block(tally, b.signer);
    standing::note_events(events, before, tally.current, height);
    put(writes, state::tally_key(), tally);
    if (!(events == events_before)) put(writes, state::credit_events_key(), events);
    for (const auto& [id, record] : records_) put(writes, state::credit_key(id), record);
  }

  // The first block of an epoch settles the committee of the next one, from the state below it: the end of the epoch
  // two before that one. What this block's own evidence says comes later.
  void roll(StateWrites& writes) {
    if (!first_) return;
    put(writes, state::epoch_key(), epoch_);
    put(writes, state::committee_key(epoch_.epoch + 1), *next_);
    if (epoch_.epoch >= 2) writes.emplace_back(state::committee_key(epoch_.epoch - 2), std::nullopt);
  }

  // After all that count and roll did to them.
  void put_trust(StateWrites& writes) const {
    for (const auto& [id, record] : trust_)
      if (record != parent_trust(id)) put(writes, state::trust_key(id), record);
  }

  // By content: the first block with at least this many blocks and this much block time in the epoch.
  std::optional<Committee> ends_with(Height height, int64_t time_ms, const ConsensusParams& params) const {
    if (height - epoch_.base < params.epoch_blocks) return std::nullopt;
    if (time_ms - epoch_.start_ms < int64_t{params.epoch_ms}) return std::nullopt;
    return next_ ? *next_ : must_committee(epoch_.epoch + 1);
  }

 private:
  Committee must_committee(Epoch epoch) const {
    std::optional<Committee> committee = committee_of(parent_, epoch);
    TL_CHECK_MSG(committee.has_value(), "the state holds no committee of a current epoch");
    return std::move(*committee);
  }
  // As it stands below this block, and with what this block changes.
  standing::CreditRecord& record_of(ValidatorId id) {
    const auto [at, fresh] = records_.try_emplace(id);
    if (fresh)
      at->second =
          state::must_read<standing::CreditRecord>(parent_, state::credit_key(id), "damaged state record: credit");
    return at->second;
  }

  // Credit after the epoch that `ended` counts, whose last block is the parent, and the committee that follows from it.
  void end_epoch(const standing::EpochTally& ended, const standing::CreditEvents& events, const Genesis& genesis,
                 Height end, StateWrites& writes) {
    std::vector<standing::CreditRecord> records;
    for (const standing::MemberTally& m : ended.members) records.push_back(record_of(m.id));
    const auto weights =
        state::must_read<CreditWeights>(parent_, state::credit_weights_key(), "damaged state record: credit weights");
    const auto assessed = standing::assess_epoch(ended, genesis.credit, weights, end, records);
    for (size_t i = 0; i < records.size(); ++i) {
      const ValidatorId id = ended.members[i].id;
      record_of(id) = records[i];
      auto log = state::read_or_default<standing::CreditLog>(parent_, state::credit_log_key(id),
                                                             "damaged state record: credit log");
      standing::add_entry(log, standing::entry_of(ended.epoch, end, assessed[i], records[i], events, id));
      put(writes, state::credit_log_key(id), log);
    }
    std::vector<standing::CreditRecord> seated;
    for (const Member& m : current_.members()) seated.push_back(record_of(m.id));
    next_ = standing::next_committee(current_, seated, epoch_.epoch + 1,
                                     standing::next_seed(current_.seed(), epoch_.start));
    next_ = standing::with_trust(*next_, settled_trust(ended));
  }
  standing::TrustRecord parent_trust(ValidatorId id) const {
    return state::must_read<standing::TrustRecord>(parent_, state::trust_key(id), "damaged state record: trust");
  }
  standing::TrustRecord& trust_of(ValidatorId id) {
    const auto [at, fresh] = trust_.try_emplace(id);
    if (fresh) at->second = parent_trust(id);
    return at->second;
  }
  // Every member's, now that the epoch below this first block is over.
  std::vector<standing::TrustRecord> settled_trust(const standing::EpochTally& ended) {
    for (const standing::MemberTally& m : ended.members) standing::settle_trust(trust_of(m.id), m);
    std::vector<standing::TrustRecord> records;
    for (const Member& m : current_.members()) records.push_back(trust_of(m.id));
    return records;
  }

  const StateView& parent_;
  const state::EpochRecord epoch_;
  const bool first_;
  Committee current_;
  std::optional<Committee> previous_;
  std::optional<Committee> next_;
  std::map<ValidatorId, standing::CreditRecord> records_;  // those that this block read, as it leaves them
  std::map<ValidatorId, standing::TrustRecord> trust_;
};

// Before the market is touched: it stands as the parent left it.
Status check_order(const BlockDraft& draft, Height parent_height, const MarketWork& work, const ChainId& chain) {
  const auto order =
      block_order(work.market(), benefit_params(work.numbers()), chain, draft.txs, draft.parent, parent_height);
  for (size_t i = 0; i < order.size(); ++i) {
    if (order[i] == i) continue;
    return Error{kBlockOutOfOrder, "transaction " + to_hex(draft.txs[order[i]]->id()) + " belongs in place " +
                                       std::to_string(i) + " and stands in place " + std::to_string(order[i])};
  }
  return {};
}

Header header_of(const BlockDraft& draft, const ChainId& chain) {
  Header h;
  h.is_void = draft.is_void;
  h.chain = chain;
  h.parent = draft.parent;
  h.height = draft.height;
  h.epoch = draft.epoch;
  h.time_ms = draft.time_ms;
  h.tx_count = static_cast<uint32_t>(draft.txs.size());
  h.tx_root = tx_root(draft.txs);
  h.evidence_root = sha256(draft.evidence);
  return h;
}

// The first field in which two headers differ, by name; none when they are equal.
const char* difference(const Header& a, const Header& b) {
  if (a.version != b.version) return "version";
  if (a.is_void != b.is_void) return "is_void";
  if (a.chain != b.chain) return "chain";
  if (a.parent != b.parent) return "parent";
  if (a.height != b.height) return "height";
  if (a.epoch != b.epoch) return "epoch";
  if (a.time_ms != b.time_ms) return "time_ms";
  if (a.tx_count != b.tx_count) return "tx_count";
  if (a.tx_root != b.tx_root) return "tx_root";
  if (a.evidence_root != b.evidence_root) return "evidence_root";
  if (a.result_root != b.result_root) return "result_root";
  if (a.writes_digest != b.writes_digest) return "writes_digest";
  if (a.next_committee != b.next_committee) return "next_committee";
  return nullptr;
}

}  // namespace

Result<Evidence> block_evidence(ByteView bytes) {
  if (bytes.empty()) return Evidence{};
  Result<Evidence> evidence = decoded<Evidence>(bytes, "evidence");
  if (!evidence.ok()) return evidence;
  const Bytes again = encoded(*evidence);
  if (!std::equal(again.begin(), again.end(), bytes.begin(), bytes.end())) {
    return Error{"malformed", "malformed evidence: not in its canonical encoding"};
  }
  return evidence;
}

Result<Execution> Ledger::execute(const BlockDraft& draft, const Header& parent_header, const StateView& parent) const {
  const Hash parent_digest = draft.parent;
  if (parent_header.digest() != parent_digest) return invalid("the block names another parent");
  if (Status s = check_position(draft, parent_header); !s.ok()) return s.error();
  if (Status s = check_bounds(draft, genesis_); !s.ok()) return s.error();
  if (Status s = check_distinct(draft.txs); !s.ok()) return s.error();

  Execution out;
  out.header = header_of(draft, chain_);
  if (draft.is_void) {
    out.header.result_root = result_root({});
    out.header.writes_digest = parent_header.writes_digest;
    out.writes = std::make_shared<const WriteSet>();
    return out;
  }

  const Result<Evidence> evidence = block_evidence(draft.evidence);
  if (!evidence.ok()) return invalid(evidence.error().why);
  EpochWork epoch(parent, parent_header, parent_digest, draft.epoch);
  if (!evidence->empty()) {
    const Status s = verify_evidence(*evidence, genesis_.consensus.commit_rule(), chain_, epoch.current(),
                                     epoch.previous(), verifier_, evidence_keys(*this, parent));
    if (!s.ok()) return invalid("its evidence does not verify: " + s.error().why);
  }

  StateWrites writes;
  epoch.count(*evidence, genesis_, draft.height, writes);
  epoch.roll(writes);
  epoch.put_trust(writes);

  const Members members(registry_, parent, draft.epoch);
  std::optional<MarketWork> market;
  const int64_t market_ms = market_time_ms(genesis_, parent, draft.time_ms);
  if (genesis_.market) {
    market.emplace(parent, MarketWork::Chain{genesis_, registry_, members, chain_, verifier_}, draft.epoch, market_ms);
    if (Status s = check_order(draft, parent_header.height, *market, chain_); !s.ok()) return s.error();
    market->start_block(parent_header.ends_epoch(), draft.txs);
  }
  BlockWork work(parent, members, verifier_, chain_, genesis_.ledger, genesis_.plausibility, draft.height,
                 draft.time_ms, market_ms, market ? &*market : nullptr);
  out.results.reserve(draft.txs.size());
  for (const TxPtr& tx : draft.txs) out.results.push_back({tx->id(), number(work.execute(*tx))});

  state::Totals totals = state::totals(parent);
  totals.blocks += 1;
  totals.transactions += draft.txs.size();
  totals.accepted += work.accepted();
  totals.refused += work.refused();
  totals.void_of_effect += work.void_of_effect();
  totals.readings += work.readings();
  put(writes, state::totals_key(), totals);

  out.writes = std::make_shared<const WriteSet>(work.writes(std::move(writes)));
  out.header.result_root = result_root(out.results);
  out.header.writes_digest = state::writes_digest(parent_header.writes_digest, *out.writes);
  out.next_committee = epoch.ends_with(draft.height, draft.time_ms, genesis_.consensus);
  if (out.next_committee) out.header.next_committee = out.next_committee->digest();
  return out;
}

std::vector<TxPtr> Ledger::in_order(std::vector<TxPtr> txs, const Header& parent_header,
                                    const StateView& parent) const {
  if (!genesis_.market) return txs;
  const auto numbers =
      state::must_read<MarketNumbers>(parent, state::market_numbers_key(), "damaged state record: market");
  const StateSource source(parent);
  const energy::Market below(market_params(numbers), source);
  const auto ordered = [&](const std::vector<TxPtr>& given) {
    std::vector<TxPtr> out;
    out.reserve(given.size());
    for (const size_t i :
         block_order(below, benefit_params(numbers), chain_, given, parent_header.digest(), parent_header.height))
      out.push_back(given[i]);
    return out;
  };
  std::vector<TxPtr> out = ordered(txs);
  if (!genesis_.private_points) return out;
  // The first that fit; what goes to a later block changes whose turn it is.
  const size_t before = out.size();
  uint64_t left = energy::kPrivateWorkMax;
  std::erase_if(out, [&](const TxPtr& tx) {
    const uint64_t work = private_work_us(*tx);
    if (work > left) return true;
    left -= work;
    return false;
  });
  return out.size() == before ? out : ordered(out);
}

Result<Execution> Ledger::judge(const Block& block, const Header& parent_header, const StateView& parent) const {
  const Header& h = block.header;
  Result<Execution> mine = execute({.is_void = h.is_void,
                                    .parent = h.parent,
                                    .height = h.height,
                                    .epoch = h.epoch,
                                    .time_ms = h.time_ms,
                                    .txs = block.txs,
                                    .evidence = block.evidence},
                                   parent_header, parent);
  if (!mine.ok()) return mine;
  if (const char* field = difference(mine->header, h)) {
    return invalid(std::string("execution yields another ") + field + " than the header names");
  }
  if (block.digest != h.digest()) return invalid("the block's digest is not its header's");
  return mine;
}

}  // namespace tieline
