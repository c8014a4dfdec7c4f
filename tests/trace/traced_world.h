#pragma once
// A small network of replicas in one process (tests/replica/world.h) whose engines and hosts are traced, and the traces
// of its starts as bytes.

#include "../replica/world.h"
#include "trace/check.h"
#include "trace/host.h"

namespace tieline::trace::testing {

using replica::testing::Host;
using replica::testing::make_tx;
using replica::testing::World;
using replica::testing::world_genesis;

// One start: its records, in order.
struct Tape final : Sink {
  std::vector<Bytes> records;
  void put(Bytes record) override { records.push_back(std::move(record)); }
};

inline Bytes file_of(const std::vector<Bytes>& records) {
  Bytes out;
  FrameWriter frames;
  frames.begin(out);
  for (const Bytes& r : records) frames.add(r, out);
  return out;
}

class TracedWorld {
 public:
  explicit TracedWorld(Genesis genesis = world_genesis()) : world(std::move(genesis)) {
    world.make_engine = [this](Host& host) -> replica::EngineFactory {
      Tape& tape = *tapes[host.id].emplace_back(std::make_unique<Tape>());
      Begin begin;
      begin.chain = world.genesis.chain_id();
      begin.self = host.id;
      begin.key = host.signer->public_key();
      begin.bls_key = host.signer->bls_key();
      begin.started_ms = world.now.wall_ms;
      begin.host = true;
      begin.program = "test";
      tape.put(encode_record(begin));
      return [&tape, &host](consensus::EngineConfig config, consensus::ChainState chain, consensus::Recovered recovered,
                            const Verifier& verifier) {
        return std::make_unique<TracedEngine>(std::move(config), std::move(chain), std::move(recovered), *host.signer,
                                              verifier, tape);
      };
    };
    world.on_input = [this](const Host& host, const replica::Input& input) {
      HostTrace(*tapes[host.id].back(), host.id).before(input);
    };
    world.on_effect = [this](const Host& host, const replica::Effect& effect) {
      HostTrace(*tapes[host.id].back(), host.id).carrying_out(effect);
    };
  }
  const std::vector<Bytes>& records(ValidatorId id, size_t start = 0) const { return tapes.at(id).at(start)->records; }

  World world;
  std::map<ValidatorId, std::vector<std::unique_ptr<Tape>>> tapes;  // a tape a start
};

}  // namespace tieline::trace::testing
