#include "paper/world.h"

#include <algorithm>
#include <exception>

#include "base/check.h"
#include "paper/world_impl.h"
#include "replica/frames.h"

namespace tieline::paper {
namespace {

constexpr size_t kClients = 8;
constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
constexpr int64_t kFlushUs = 5'000'000;
constexpr int64_t kNoLimitBytesPerMs = 1'000'000'000;  // the card of the sender is modelled here, not in the network
constexpr uint32_t kVeryLongMs = 3'600'000;
constexpr uint32_t kNeverSlots = 1'000'000;
constexpr uint64_t kEventsMax = 200'000'000;
constexpr size_t kBlocksRemembered = 64;

// The consensus message in a frame, whoever said it; null: there is none.
const Blob* carried_message(const replica::Frame& frame) {
  if (const auto* plain = std::get_if<replica::ConsensusFrame>(&frame)) return &plain->message;
  if (const auto* relayed = std::get_if<replica::RelayFrame>(&frame)) return &relayed->message;
  return nullptr;
}

int64_t hashing_ns(const Costs& c, size_t bytes) { return static_cast<int64_t>(bytes) * c.hash_ns_per_kib / 1'024; }

}  // namespace

Measured measure(const WorldOptions& options) { return World(options).run(); }

int64_t Measured::milli_tps() const {
  const int64_t span = last_commit_us - first_proposal_us;
  return span > 0 ? static_cast<int64_t>(valid_transactions) * 1'000'000'000 / span : 0;
}

World::World(const WorldOptions& options)
    : options_(options),
      keys_(options.seed, options.validators + (options.ledger ? options.ledger->participants.size() : kClients)),
      genesis_(make_genesis()),
      chain_(genesis_.chain_id()),
      network_(options.validators, options.latency, kNoLimitBytesPerMs, options.seed),
      client_rng_(options.seed ^ 0x434c49454e54ULL),
      sequences_(kClients) {
  for (size_t i = 0; i < options.validators; ++i)
    hosts_.push_back(std::make_unique<Host>(static_cast<ValidatorId>(i), keys_));
  if (!options.coalition.empty())
    coalition_.emplace(genesis_, std::vector<ValidatorId>(options.coalition.begin(), options.coalition.end()), keys_);
  for (const auto& h : hosts_) correct_ += counts_as_correct(h->id) ? 1 : 0;
  enough_ = std::min(Quorum{options.validators}.quorum(), correct_);
  for (const auto& a : hosts_)
    for (const auto& b : hosts_)
      if (a->id != b->id) network_.faults(a->id, b->id).loss_ppm = options.loss_ppm;
}

Genesis World::make_genesis() const {
  TL_CHECK(options_.validators >= kByzantineCommitteeMin && options_.validators <= kWorldValidatorsMax);
  Genesis g;
  g.network = "paper-" + std::to_string(options_.seed);  // the order of leaders follows from the chain id
  g.time_ms = kGenesisTimeMs;
  ConsensusParams& c = g.consensus;
  c.engine = options_.engine;
  c.policy = options_.policy;
  c.timeout_ms = options_.timeout_ms;
  c.fast_path = options_.fast_path;
  c.tenure_ms = kVeryLongMs;
  c.tenure_slots = options_.tenure_by_epoch ? kNeverSlots : options_.tenure_slots;
  c.epoch_blocks = options_.tenure_by_epoch ? options_.tenure_slots : kNeverSlots;
  if (options_.epoch_blocks > 0) c.epoch_blocks = options_.epoch_blocks;
  c.epoch_ms = c.epoch_blocks != kNeverSlots ? 1 : kVeryLongMs;
  g.credit = options_.credit;
  c.block_tx_max = options_.block_tx;
  c.proximity = options_.proximity;
  for (size_t i = 0; i < options_.validators; ++i) {
    GenesisValidator v;
    v.id = static_cast<ValidatorId>(i);
    v.name = "validator-" + std::to_string(i);
    v.org = static_cast<OrgId>(i + 1);
    v.key = keys_.key(i);
    v.bls_key.resize(96);
    v.bls_proof.resize(48);
    v.address = "127.0.0.1:" + std::to_string(7'400 + i);
    v.http = "127.0.0.1:" + std::to_string(8'400 + i);
    g.validators.push_back(std::move(v));
  }
  if (options_.ledger != nullptr) {
    g.participants = options_.ledger->participants;
    g.market = options_.ledger->market;
    for (size_t i = 0; i < g.participants.size(); ++i) g.participants[i].key = keys_.key(options_.validators + i);
    for (MarketMember& m : g.market->members) m.bls_key = keys_.bls_key(options_.validators + m.participant - 1);
    return g;
  }
  for (size_t i = 0; i < kClients; ++i) {
    GenesisParticipant p;
    p.id = static_cast<ParticipantId>(i + 1);
    p.name = "client-" + std::to_string(i);
    p.role = Role::kPlant;
    p.key = keys_.key(options_.validators + i);
    g.participants.push_back(std::move(p));
  }
  return g;
}

void World::start() {
  for (const auto& h : hosts_) {
    if (options_.silent.contains(h->id)) continue;
    replica::Config config;
    config.genesis = genesis_;
    config.self = h->id;
    auto opened = replica::Replica::open(std::move(config), h->disk.image(), h->store, h->signer, h->verifier);
    TL_CHECK_MSG(opened.ok(), "a replica does not open in the measuring world");
    h->replica = std::move(*opened);
    arrive(*h, replica::Start{});
    push(kFlushUs, {.kind = Kind::kFlush, .at = h->id});
  }
  for (const auto& a : hosts_) {
    for (const auto& b : hosts_) {
      if (a->id >= b->id || !a->replica || !b->replica) continue;
      network_.open(a->id, b->id, 0);
      arrive(*a, replica::PeerUp{b->id});
      arrive(*b, replica::PeerUp{a->id});
    }
  }
  start_conducts();
  if (options_.ledger != nullptr) return;
  for (size_t slot = 0; slot < options_.in_flight; ++slot) submit(slot);
}

Measured World::run() {
  start();
  while (!queue_.empty() && !result_.reached && !result_.fork && result_.events < kEventsMax) {
    Event event = queue_.pop();
    if (now() > options_.limit_us) break;
    ++result_.events;
    handle(std::move(event));
  }
  result_.bad_tenures = bad_tenures_.size();
  return std::move(result_);
}

void World::handle(Event event) {
  Host& h = *hosts_[event.at];
  switch (event.kind) {
    case Kind::kCut:
      return cut(event.at);
    case Kind::kMend:
      return mend(event.at);
    case Kind::kInput:
      if (!reaches(event)) return;
      return arrive(h, std::move(event.input));
    case Kind::kAnswer:
      return answer(event.outcome, event.at);
    case Kind::kRetry:
      return retry(event.value);
    default:
      break;
  }
  if (!h.replica) return;
  switch (event.kind) {
    case Kind::kDone:
      return done(h);
    case Kind::kWake: {
      if (h.wake_us != now()) return;  // an earlier one came in between
      h.wake_us = kNever;
      if (h.woken) return;
      const auto deadline = h.replica->next_deadline();
      if (!deadline || *deadline > now()) return schedule_wake(h);
      h.woken = true;
      return arrive(h, replica::Wake{});
    }
    case Kind::kSync: {
      std::vector<consensus::Lsn> lsns;
      if (!h.disk.sync_done(lsns))
        return push(now() + options_.costs.sync_ns / 1'000, {.kind = Kind::kSync, .at = h.id});
      begin_write(h);
      if (!lsns.empty()) arrive(h, replica::LogDurable{lsns.back()});
      return;
    }
    case Kind::kStore: {
      replica::StoreApply apply = std::move(h.applies.front());
      h.applies.pop_front();
      h.store.apply(apply.batch);
      h.stored_height = apply.height;
      return arrive(h, replica::StoreApplied{apply.height, apply.take_snapshot ? h.store.snapshot() : nullptr});
    }
    case Kind::kFlush:
      push(now() + kFlushUs, {.kind = Kind::kFlush, .at = h.id});
      h.store.flush();
      return arrive(h, replica::StoreFlushed{h.replica->status().applied});
    case Kind::kVerified: {
      const auto found = h.verified.find(event.value);
      TL_CHECK(found != h.verified.end());
      std::vector<uint8_t> ok = std::move(found->second);
      h.verified.erase(found);
      return arrive(h, replica::Verified{event.value, std::move(ok)});
    }
    default:
      return;
  }
}

void World::arrive(Host& h, replica::Input input) {
  if (!h.replica) return;
  h.inbox.push_back(std::move(input));
  if (!h.busy) serve(h);
}

// The step is taken when the processor begins with it; what it causes happens when the processor is done.
void World::serve(Host& h) {
  replica::Input input = std::move(h.inbox.front());
  h.inbox.pop_front();
  h.busy = true;
  const uint64_t single = h.verifier.single(), calls = h.verifier.calls(), batched = h.verifier.batched();
  const uint64_t made = h.signer.made();
  int64_t cost = cost_of_input(h, input);
  if (std::holds_alternative<replica::Wake>(input)) h.woken = false;
  h.effects.clear();
  try {
    h.replica->step({now(), kGenesisTimeMs + kClockAheadMs + now() / 1'000}, std::move(input), h.effects);
  } catch (const std::exception& broken) {  // an invariant, more than f having lied (sim::catch_broken_invariants)
    return stop(h, broken.what());
  }
  const Costs& c = options_.costs;
  cost += static_cast<int64_t>(h.verifier.single() - single) * c.verify_ns;
  cost += static_cast<int64_t>(h.verifier.calls() - calls) * c.batch_call_ns;
  cost += static_cast<int64_t>(h.verifier.batched() - batched) * c.batch_each_ns;
  cost += static_cast<int64_t>(h.signer.made() - made) * c.sign_ns;
  cost += cost_of_effects(h);
  push(h.processor.serve(now(), cost), {.kind = Kind::kDone, .at = h.id});
}

int64_t World::cost_of_input(Host& h, const replica::Input& input) {
  const Costs& c = options_.costs;
  if (const auto* e = std::get_if<replica::PeerFrame>(&input))
    return c.frame_ns + c.message_ns + hashing_ns(c, e->frame.size()) + cost_of_block(h, e->frame);
  if (const auto* e = std::get_if<replica::ClientSubmit>(&input)) {
    size_t bytes = 0;
    for (const Blob& tx : e->transactions) bytes += tx.size();
    return c.frame_ns + c.message_ns + hashing_ns(c, bytes);
  }
  return 0;
}

int64_t World::cost_of_effects(Host& h) {
  const Costs& c = options_.costs;
  int64_t cost = 0;
  for (const replica::Effect& effect : h.effects) {
    if (const auto* e = std::get_if<replica::SendFrame>(&effect))
      cost += c.message_ns + hashing_ns(c, e->frame.size()) + static_cast<int64_t>(e->to.size()) * c.frame_ns +
              cost_of_block(h, e->frame);
    else if (const auto* append = std::get_if<replica::LogAppend>(&effect))
      cost += hashing_ns(c, append->bytes.size());
    else if (std::holds_alternative<replica::TxOutcome>(effect))
      cost += c.frame_ns;
  }
  return cost;
}

// A block is executed once by everyone, when it is first proposed to them or by them.
int64_t World::cost_of_block(Host& h, const Blob& frame) {
  const auto decoded = replica::decode_frame(frame, frame.size());
  const Blob* carried = decoded ? carried_message(*decoded) : nullptr;
  if (carried == nullptr) return 0;
  const auto message = consensus::decode_message(*carried);
  const auto* propose = message ? std::get_if<consensus::Propose>(&(*message)->payload) : nullptr;
  if (propose == nullptr || !h.executed.insert(propose->header.digest()).second) return 0;
  if (h.executed.size() > kBlocksRemembered * options_.validators) h.executed.clear();
  return static_cast<int64_t>(propose->txs.size()) * options_.costs.execute_ns;
}

void World::done(Host& h) {
  h.busy = false;
  replica::Effects effects = std::move(h.effects);
  h.effects.clear();
  for (replica::Effect& effect : effects)
    if (h.replica) carry_out(h, effect);
  if (!h.replica) return;
  begin_write(h);
  schedule_wake(h);
  if (!h.inbox.empty()) serve(h);
}

void World::carry_out(Host& h, replica::Effect& effect) {
  const Costs& c = options_.costs;
  if (auto* e = std::get_if<replica::SendFrame>(&effect)) return send(h, *e);
  if (auto* e = std::get_if<replica::LogAppend>(&effect)) return h.disk.enqueue(std::move(*e));
  if (auto* e = std::get_if<replica::LogTrim>(&effect)) return h.disk.trim(e->before);
  if (auto* e = std::get_if<replica::VerifyJob>(&effect)) {
    std::vector<uint8_t> ok;
    for (const auto& item : e->items) ok.push_back(keys_.verify(item.key, item.digest.view(), item.signature) ? 1 : 0);
    const int64_t cost = c.batch_call_ns + static_cast<int64_t>(ok.size()) * c.batch_each_ns;
    h.verified.emplace(e->ticket, std::move(ok));
    return push(h.checker.serve(now(), cost), {.kind = Kind::kVerified, .at = h.id, .value = e->ticket});
  }
  if (auto* e = std::get_if<replica::StoreApply>(&effect)) {
    h.applies.push_back(std::move(*e));
    return push(h.store_thread.serve(now(), options_.block_tx * c.apply_ns), {.kind = Kind::kStore, .at = h.id});
  }
  if (auto* e = std::get_if<replica::TxOutcome>(&effect))
    return push(now() + sim::draw_latency_us(options_.latency, client_rng_),
                {.kind = Kind::kAnswer, .at = h.id, .outcome = *e});
  if (auto* e = std::get_if<replica::BlockCommitted>(&effect)) return committed(h, *e);
  if (auto* e = std::get_if<replica::Counted>(&effect)) {
    if (counts_as_correct(h.id)) result_.counted[e->name] += e->by;
    return;
  }
  if (auto* e = std::get_if<replica::Fatal>(&effect)) return stop(h, e->why);
}

void World::stop(Host& h, const std::string& why) {
  if (counts_as_correct(h.id)) {
    ++result_.stopped;
    if (result_.what.empty()) result_.what = "validator " + std::to_string(h.id) + " stopped itself: " + why;
  }
  h.replica.reset();
}

void World::schedule_wake(Host& h) {
  const auto deadline = h.replica->next_deadline();
  if (!deadline) return;
  const int64_t at = std::max(*deadline, now());
  if (at >= h.wake_us) return;
  h.wake_us = at;
  push(at, {.kind = Kind::kWake, .at = h.id});
}

void World::begin_write(Host& h) {
  if (h.disk.busy() || !h.disk.has_queue()) return;
  if (h.disk.write_batch()) push(now() + options_.costs.sync_ns / 1'000, {.kind = Kind::kSync, .at = h.id});
}

void World::send(Host& h, const replica::SendFrame& effect) {
  auto decoded = replica::decode_frame(effect.frame, effect.frame.size());
  TL_CHECK_MSG(decoded.ok(), "a replica sent a frame that does not decode");
  consensus::MessagePtr message;
  const auto* relayed = std::get_if<replica::RelayFrame>(&*decoded);
  const Blob* carried = relayed != nullptr && relayed->origin != h.id ? nullptr : carried_message(*decoded);
  if (carried != nullptr) {
    auto parsed = consensus::decode_message(*carried);
    TL_CHECK_MSG(parsed.ok(), "a replica sent a message that does not decode");
    message = std::move(*parsed);
  }
  if (message && options_.bad == h.id && misbehaves(*message)) return;
  if (message) count_timeout(h.id, *message);
  if (message && misconduct(h, effect, message)) return;
  std::vector<Coalition::Lie> lies;
  if (message && coalition_ && coalition_->has(h.id) && coalition_->outgoing(h.id, effect.to, *message, lies)) {
    return carry_lies(lies);
  }
  transmit(h, effect.to, effect.frame, effect.bulk, message.get());
}

void World::carry_lies(const std::vector<Coalition::Lie>& lies) {
  for (const Coalition::Lie& lie : lies) {
    const Blob frame = replica::encode_frame(replica::ConsensusFrame{lie.message->bytes});
    transmit(*hosts_[lie.from], lie.to, frame, false, lie.message.get());
  }
}

void World::transmit(Host& h, const std::vector<ValidatorId>& to, const Blob& frame, bool bulk,
                     const consensus::Message* m) {
  count(m, frame, to.size());
  Count& by = result_.sent_by[h.id];
  by.messages += to.size();
  by.bytes += to.size() * frame.size();
  proposed(m, h.id);
  const Conduct* conduct = conduct_of(h.id);
  const int64_t late = conduct != nullptr ? conduct->delay_us : 0;
  for (const ValidatorId id : to) {
    if (id == h.id || !network_.up(h.id, id)) continue;
    const int64_t on_the_wire = static_cast<int64_t>(frame.size()) * 8 * 1'000'000'000 / options_.link_bits_per_s;
    const int64_t leaves = h.card.serve(now(), on_the_wire);
    const auto arrival = network_.send(h.id, id, frame.size(), bulk, leaves + late);
    push(arrival.time_us, {.kind = Kind::kInput,
                           .at = id,
                           .value = network_.generation(h.id, id),
                           .input = replica::PeerFrame{h.id, frame}});
  }
}

}  // namespace tieline::paper
