#pragma once
// Validators in one process: replicas on memory stores and byte-image logs, frames delivered in order at a fixed delay,
// one clock. Time moves only when nothing is left to do. What a test wants to break it breaks through the hooks.

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <queue>

#include "../ledger/chain.h"
#include "base/rng.h"
#include "ledger/state_tree.h"
#include "replica/frames.h"
#include "replica/log_format.h"
#include "replica/replica_internal.h"

namespace tieline::replica::testing {

using tieline::testing::participant_key;
using tieline::testing::PlainSigner;
using tieline::testing::PlainVerifier;
using tieline::testing::TestChain;
using tieline::testing::validator_key;

inline Genesis world_genesis(size_t validators = 4) {
  Genesis g = tieline::testing::test_genesis(validators);
  g.consensus.epoch_blocks = 1'000;
  g.consensus.epoch_ms = 1'000'000;
  g.consensus.checkpoint_blocks = 4;
  g.consensus.block_wait_ms = 1;
  return g;
}

inline TxPtr make_tx(const Genesis& genesis, ParticipantId signer, uint64_t sequence, size_t payload = 16,
                     Height expiry = 50'000) {
  TransactionDraft d;
  d.chain = genesis.chain_id();
  d.signatories = {signer};
  d.sequence = sequence;
  d.timestamp_ms = genesis.time_ms;
  d.expiry_height = expiry;
  d.actions = {{ActionType::kData, Bytes(payload, static_cast<uint8_t>(sequence))}};
  return TestChain::make(d);
}

class World;

struct Host {
  ValidatorId id = 0;
  std::unique_ptr<PlainSigner> signer;
  MemoryStore store;
  std::vector<Bytes> segments;
  std::vector<Bytes> sectors{Bytes(kVoteSectorBytes, 0), Bytes(kVoteSectorBytes, 0)};
  size_t next_sector = 0;
  bool ever_started = false;
  bool flush = true;  // StoreFlushed after every StoreApply
  std::unique_ptr<Replica> replica;
  std::vector<TxOutcome> outcomes;
  std::vector<BlockCommitted> blocks;
  std::map<std::string, uint64_t> counts;
  std::vector<std::string> notes;
  std::vector<std::string> fatal;

  DiskImage image() const {
    DiskImage disk;
    disk.fresh = !ever_started;
    if (disk.fresh) return disk;
    disk.vote_sectors = sectors;
    for (const Bytes& s : segments) disk.segments.push_back(Blob::copy_of(s));
    return disk;
  }
};

class World {
 public:
  explicit World(Genesis g = world_genesis(), Limits l = {}) : genesis(std::move(g)), limits(l) {
    now.wall_ms = genesis.time_ms + 1'000;
    now.mono_us = 1'000'000;
    for (const GenesisValidator& v : genesis.validators) {
      Host& host = hosts.emplace_back();
      host.id = v.id;
      host.signer = std::make_unique<PlainSigner>(validator_key(v.id));
    }
  }

  void start(ValidatorId id) {
    Host& host = hosts[id];
    Config config;
    config.genesis = genesis;
    config.self = id;
    config.limits = limits;
    config.rejoin_nonce = sha256(view_of("nonce " + std::to_string(++starts)));
    const Verifier& checks = watcher != nullptr && id == 1 ? *watcher : verifier;
    auto opened = make_engine
                      ? open_with_engine(config, host.image(), host.store, checks, make_engine(host), host.signer.get())
                      : Replica::open(config, host.image(), host.store, *host.signer, checks);
    ASSERT_TRUE(opened.ok()) << (opened.ok() ? "" : opened.error().why);
    host.replica = std::move(*opened);
    host.segments.emplace_back();
    host.ever_started = true;
    give(id, Start{});
    for (Host& other : hosts) {
      if (other.id == id || !other.replica) continue;
      give(id, PeerUp{other.id});
      give(other.id, PeerUp{id});
    }
  }
  void start_all() {
    for (Host& host : hosts) start(host.id);
  }
  void stop(ValidatorId id) {
    hosts[id].replica.reset();
    for (Host& other : hosts)
      if (other.replica) give(other.id, PeerDown{id});
  }
  void wipe(ValidatorId id) {
    Host& host = hosts[id];
    for (size_t c = 0; c < kColumns; ++c) host.store.clear(static_cast<Column>(c));
    host.segments.clear();
    host.sectors = {Bytes(kVoteSectorBytes, 0), Bytes(kVoteSectorBytes, 0)};
  }

  void give(ValidatorId id, Input input) { at(now.mono_us, id, std::move(input)); }
  void submit(ValidatorId id, const std::vector<TxPtr>& txs, uint64_t client = 1, uint64_t tag = 0) {
    ClientSubmit submit{client, tag, {}};
    for (const TxPtr& tx : txs) submit.transactions.push_back(tx->bytes());
    give(id, std::move(submit));
  }

  // Until `done` holds or the time is over; says whether it held.
  bool run(const std::function<bool()>& done, int64_t for_us = 20'000'000) {
    const int64_t end = now.mono_us + for_us;
    while (!done()) {
      std::optional<int64_t> next;
      if (!events.empty()) next = events.top().at_us;
      for (Host& host : hosts)
        if (host.replica)
          if (auto deadline = host.replica->next_deadline(); deadline && (!next || *deadline < *next)) next = *deadline;
      if (!next || *next > end) {
        advance(end);
        return done();
      }
      advance(*next);
      if (!events.empty() && events.top().at_us <= now.mono_us) {
        Event event = events.top();
        events.pop();
        step(event.id, std::move(event.input));
        continue;
      }
      for (Host& host : hosts) {
        if (!host.replica) continue;
        auto deadline = host.replica->next_deadline();
        if (deadline && *deadline <= now.mono_us) {
          step(host.id, Wake{});
          auto after = host.replica->next_deadline();
          if (after && *after <= now.mono_us) now.mono_us += 50;  // no spinning in place
        }
      }
    }
    return true;
  }
  void run_for(int64_t us) {
    run([] { return false; }, us);
  }

  size_t committed(ValidatorId id) const {
    return static_cast<size_t>(std::count_if(hosts[id].outcomes.begin(), hosts[id].outcomes.end(),
                                             [](const TxOutcome& o) { return o.committed; }));
  }
  Height height(ValidatorId id) const { return hosts[id].replica ? hosts[id].replica->status().applied : 0; }
  bool level(Height at_least) const {
    for (const Host& host : hosts)
      if (host.replica && height(host.id) < at_least) return false;
    return true;
  }

  Genesis genesis;
  Limits limits;
  PlainVerifier verifier;
  const Verifier* watcher = nullptr;  // validator 1's, if set
  Now now;
  int64_t delay_us = 300;
  std::vector<Host> hosts;
  size_t starts = 0;
  // False: the frame is lost. May change it.
  std::function<bool(ValidatorId from, ValidatorId to, Blob& frame)> filter;
  std::function<EngineFactory(Host& host)> make_engine;  // of every start; none: the real one
  std::function<void(const Host& host, const Input& input)> on_input;
  std::function<void(const Host& host, const Effect& effect)> on_effect;

 private:
  struct Event {
    int64_t at_us = 0;
    uint64_t number = 0;
    ValidatorId id = 0;
    Input input;
    bool operator<(const Event& o) const { return std::tie(at_us, number) > std::tie(o.at_us, o.number); }
  };
  void at(int64_t at_us, ValidatorId id, Input input) { events.push({at_us, ++number, id, std::move(input)}); }
  void advance(int64_t to) {
    if (to <= now.mono_us) return;
    wall_us += to - now.mono_us;
    now.mono_us = to;
    now.wall_ms = genesis.time_ms + 1'000 + wall_us / 1'000;
  }
  void step(ValidatorId id, Input input) {
    Host& host = hosts[id];
    if (!host.replica) return;
    Effects effects;
    if (on_input) on_input(host, input);
    host.replica->step(now, std::move(input), effects);
    for (Effect& effect : effects) {
      if (on_effect) on_effect(host, effect);
      std::visit([&](auto& e) { carry_out(host, e); }, effect);
    }
  }
  void carry_out(Host& host, SendFrame& e) {
    for (ValidatorId to : e.to) {
      EXPECT_NE(to, host.id);
      Blob frame = e.frame;
      if (filter && !filter(host.id, to, frame)) continue;
      if (hosts[to].replica) at(now.mono_us + delay_us, to, PeerFrame{host.id, frame});
    }
  }
  void carry_out(Host& host, LogAppend& e) {
    Bytes& segment = host.segments.back();
    segment.insert(segment.end(), e.bytes.begin(), e.bytes.end());
    if (e.vote_sector) {
      host.sectors[host.next_sector] = *e.vote_sector;
      host.next_sector = 1 - host.next_sector;
    }
    if (e.sync) at(now.mono_us + 200, host.id, LogDurable{e.lsn});
  }
  void carry_out(Host& host, LogTrim& e) {
    while (host.segments.size() > 1) {
      const ParsedLog log = parse_log({Blob::copy_of(host.segments.front())});
      if (!log.records.empty() && log.last >= e.before) break;
      host.segments.erase(host.segments.begin());
    }
    host.counts["log_trims"]++;
  }
  void carry_out(Host& host, VerifyJob& e) {
    Verified answer{e.ticket, {}};
    for (const VerifyJob::Item& item : e.items)
      answer.ok.push_back(verifier.verify(item.key, item.digest.view(), item.signature) ? 1 : 0);
    at(now.mono_us + 100, host.id, std::move(answer));
  }
  void carry_out(Host& host, StoreApply& e) {
    if (e.replace_state)
      for (Column c : {Column::kState, Column::kBlocks, Column::kTxs, Column::kReadings}) host.store.clear(c);
    host.store.apply(e.batch);
    at(now.mono_us + 500, host.id, StoreApplied{e.height, e.take_snapshot ? host.store.snapshot() : nullptr});
    if (host.flush) at(now.mono_us + 1'000, host.id, StoreFlushed{e.height});
  }
  void carry_out(Host& host, TxOutcome& e) { host.outcomes.push_back(e); }
  void carry_out(Host& host, BlockCommitted& e) { host.blocks.push_back(e); }
  void carry_out(Host& host, Counted& e) { host.counts[e.name] += e.by; }
  void carry_out(Host& host, Note& e) { host.notes.push_back(e.text); }
  void carry_out(Host& host, Fatal& e) {
    host.fatal.push_back(e.why);
    ADD_FAILURE() << "validator " << host.id << " stopped: " << e.why;
  }

  std::priority_queue<Event> events;
  uint64_t number = 0;
  int64_t wall_us = 0;
};

}  // namespace tieline::replica::testing
