#pragma once
// Byzantine validators as decorators: a correct replica runs inside, and the traitor sits between it and the network.
// It sees what comes and what would leave, holds its own signing key, knows what its fellow traitors know, and may send
// anything else instead, at any time, to anyone. It cannot sign for a correct validator.

#include <array>
#include <deque>
#include <map>
#include <vector>

#include "base/rng.h"
#include "consensus/messages.h"
#include "crypto/sim_scheme.h"
#include "model/genesis.h"
#include "replica/decoded.h"
#include "sim/faults.h"

namespace tieline::sim {

// What a traitor really sends.
struct Treason {
  Mask to = 0;  // bit a validator
  Blob frame;
  bool bulk = false;
  int64_t delay_us = 0;
};

// What the traitors of a schedule share: what they heard, and which blocks stand against each other at a slot.
class Conspiracy {
 public:
  static constexpr size_t kHeardMax = 256;

  Conspiracy(const Genesis& genesis, const ChainId& chain, uint64_t seed);
  struct Choice {
    Height height = 0;
    Hash block;
  };
  struct Split {  // the first half of the validators is shown `a`, the others `b`
    Choice a, b;
    Mask half = 0;
  };
  const ConsensusParams& params() const { return params_; }
  const ChainId& chain() const { return chain_; }
  size_t validators() const { return validators_; }
  Mask everyone() const { return all_of(validators_); }
  Rng& rng() { return rng_; }

  void hear(consensus::MessagePtr message);
  consensus::MessagePtr remembered();  // any of what was heard; null if nothing was
  template <class T>
  consensus::MessagePtr remembered_of() {
    for (size_t tries = 0; tries < 8 && !heard_.empty(); ++tries) {
      const auto& m = heard_[rng_.below(heard_.size())];
      if (std::holds_alternative<T>(m->payload)) return m;
    }
    return nullptr;
  }
  Split* split_at(const Slot& slot);
  void add_split(const Slot& slot, const Split& split);
  Mask some();  // a set of validators

 private:
  ConsensusParams params_;
  ChainId chain_;
  size_t validators_;
  Rng rng_;
  std::deque<consensus::MessagePtr> heard_;
  std::map<Slot, Split> splits_;
};

class Traitor {
 public:
  Traitor(const PlannedTraitor& plan, const SimSigner& signer, Conspiracy& conspiracy);

  ValidatorId id() const { return id_; }
  bool is(ByzantineKind kind) const { return kinds_ >> static_cast<unsigned>(kind) & 1; }
  // Instead of sending `frame` to `to`. A twin's frames go through the same traitor.
  void outgoing(const Blob& frame, Mask to, bool bulk, std::vector<Treason>& out);
  void incoming(const replica::DecodedFrame& frame);
  void tick(std::vector<Treason>& out);  // now and then
  const std::array<uint64_t, kByzantineKinds>& counts() const { return counts_; }

 private:
  using Message = consensus::Message;
  bool elects() const { return conspiracy_.params().engine == EngineKind::kTrustRaft; }
  void count(ByzantineKind kind) { ++counts_[static_cast<size_t>(kind)]; }
  bool suppressed(const replica::Frame& frame, const Message* message);
  bool equivocate(const Message& m, Mask to, std::vector<Treason>& out);
  bool split_proposal(const consensus::Propose& p, Mask to, std::vector<Treason>& out);
  bool conflicting_view_change(const Message& m, Mask to, std::vector<Treason>& out);
  bool forge(const Message& m, Mask to, std::vector<Treason>& out);
  bool lie(const replica::Frame& frame, const Message* m, Mask to, std::vector<Treason>& out);
  bool mutate(const Blob& frame, const Message* m, Mask to, bool bulk, std::vector<Treason>& out);
  void forge_certificate(Certificate& c);
  bool bad_share(const Message& m, Mask to, std::vector<Treason>& out);
  VoteSignature sign(const Hash& digest) const;  // of the kind that the chain's certificates are made of
  // byzantine_smear.cc
  bool smear(const replica::Frame& frame, const Message* m, Mask to, bool bulk, std::vector<Treason>& out);
  void tick_smear(std::vector<Treason>& out);
  // byzantine_pbft.cc
  template <class Vote>
  bool equivocate_vote(const Vote& vote, Mask to, std::vector<Treason>& out);
  bool equivocate_pbft(const Message& m, Mask to, std::vector<Treason>& out);
  void mutate_pbft(consensus::Payload& payload);
  void sign_pbft(consensus::Payload& payload) const;
  void tick_pbft(std::vector<Treason>& out);
  // byzantine_relay.cc
  bool relays() const { return conspiracy_.params().proximity && conspiracy_.params().proximity->relay; }
  Blob relay_frame(const Message& propose) const;
  bool breaks_relay(const replica::Frame& frame);
  bool lie_of_relay(const replica::Frame& frame, Mask to, std::vector<Treason>& out);
  // byzantine_election.cc
  bool conflicting_vote(const consensus::ViewChange& v, Mask to, std::vector<Treason>& out);
  void request_early(std::vector<Treason>& out);
  consensus::Payload sign_again(consensus::Payload payload) const;
  void send(consensus::Payload payload, Mask to, std::vector<Treason>& out, int64_t delay_us = 0) const;

  ValidatorId id_;
  uint32_t kinds_;
  Rng rng_;
  SimSigner signer_;
  Conspiracy& conspiracy_;
  uint64_t mood_ = 0;  // what it keeps silent about; changes with time
  std::array<uint64_t, kByzantineKinds> counts_{};
};

}  // namespace tieline::sim
