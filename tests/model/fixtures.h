#pragma once
// A small committee with real Ed25519 keys from fixed seeds, and certificates signed by whom a test wants.

#include <array>
#include <memory>
#include <vector>

#include "crypto/bls.h"
#include "crypto/ed25519_scheme.h"
#include "crypto/hash.h"
#include "model/certificate.h"
#include "model/evidence.h"
#include "model/genesis.h"
#include "model/receipt.h"

namespace tieline::testing {

inline Hash hash_of(std::string_view text) { return sha256(view_of(text)); }

inline ed25519::Seed seed_of(std::string_view text) { return hash_of(text).bytes; }

inline Ed25519Signer signer_of(std::string_view text) {
  return Ed25519Signer(ed25519::SecretKey::from_seed(seed_of(text)));
}

inline SignerSet positions(std::initializer_list<size_t> list) {
  SignerSet s;
  for (size_t p : list) s.insert(p);
  return s;
}

inline SignerSet first_positions(size_t count) {
  SignerSet s;
  for (size_t p = 0; p < count; ++p) s.insert(p);
  return s;
}

// `n` validators with ids 10, 11, .. : ids are no positions, and a test that mixes them up fails.
struct TestCommittee {
  explicit TestCommittee(size_t n, Epoch epoch = 0, std::string_view name = "validator", ValidatorId first_id = 10) {
    std::vector<Member> members;
    for (size_t i = 0; i < n; ++i) {
      keys.push_back(signer_of(std::string(name) + std::to_string(i)));
      Member m;
      m.id = static_cast<ValidatorId>(first_id + i);
      m.org = static_cast<OrgId>(i);
      m.key = keys.back().public_key();
      m.credit = kCreditOne / 2;
      members.push_back(m);
    }
    committee = Committee(epoch, hash_of("seed"), std::move(members));
  }

  Certificate certify(const ChainId& chain, const Slot& slot, Height height, const Hash& block,
                      const SignerSet& signers, VotePhase phase = VotePhase::kConfirm) const {
    Certificate c{slot, height, block, signers, {}};
    const Hash digest = vote_digest(phase, chain, slot, height, block);
    for (size_t p : signers.positions()) c.signatures.push_back(keys.at(p).sign(digest.view()));
    return c;
  }
  Certificate certify(const ChainId& chain, const Slot& slot, const Header& header, const SignerSet& signers,
                      VotePhase phase = VotePhase::kConfirm) const {
    return certify(chain, slot, header.height, header.digest(), signers, phase);
  }

  std::vector<Ed25519Signer> keys;  // by position
  Committee committee;
};

// A committee that weighs votes, one member for each trust, with ids 10, 11, .. and an organisation of its own each.
inline Committee weighted_committee(const std::vector<uint32_t>& trusts, Epoch epoch = 0) {
  std::vector<Member> members;
  for (size_t i = 0; i < trusts.size(); ++i) {
    Member m;
    m.id = static_cast<ValidatorId>(10 + i);
    m.org = static_cast<OrgId>(i);
    m.key = PublicKey{hash_of("weighted" + std::to_string(i)).bytes};
    m.credit = kCreditOne / 2;
    m.trust = trusts[i];
    members.push_back(m);
  }
  return Committee(epoch, hash_of("seed"), std::move(members), FaultModel::kWeighted);
}

inline Header header_of(const ChainId& chain, const Hash& parent, Height height, Epoch epoch = 0) {
  Header h;
  h.chain = chain;
  h.parent = parent;
  h.height = height;
  h.epoch = epoch;
  h.time_ms = 1'700'000'000'000 + static_cast<int64_t>(height);
  h.tx_root = hash_of("txs");
  h.evidence_root = hash_of("evidence");
  h.result_root = hash_of("results");
  h.writes_digest = hash_of("writes");
  return h;
}

// A valid genesis of `n` validators and two participants; its validators' keys are signer_of("validator<i>").
inline Genesis genesis_of(size_t n = 4) {
  Genesis g;
  g.network = "test-net";
  g.time_ms = 1'700'000'000'000;
  // Not those that are built in: what is pinned must not change when they are trained again.
  g.credit.weights = {1, {-65'536, 0, 0, 0, 0, 0, 0, 65'536, 0, 131'072, -65'536}};
  for (size_t i = 0; i < n; ++i) {
    const std::string number = std::to_string(i);
    GenesisValidator v;
    v.id = static_cast<ValidatorId>(i);
    v.name = "validator-" + number;
    v.org = static_cast<OrgId>(i);
    v.key = signer_of("validator" + number).public_key();
    const bls::SecretKey key = bls::SecretKey::from_seed(seed_of("bls" + number));
    const auto bls_key = key.public_key();
    const auto proof = key.prove_possession();
    v.bls_key.assign(bls_key.bytes.begin(), bls_key.bytes.end());
    v.bls_proof.assign(proof.bytes.begin(), proof.bytes.end());
    v.tls_pin = hash_of("tls" + number);
    v.address = "127.0.0.1:" + std::to_string(7400 + i);
    v.http = "127.0.0.1:" + std::to_string(7500 + i);
    g.validators.push_back(v);
  }
  GenesisParticipant plant;
  plant.id = 1;
  plant.name = "solar-park";
  plant.role = Role::kPlant;
  plant.key = signer_of("solar-park").public_key();
  plant.capacity_w = 5'000'000;
  plant.meters = {"DE0001", "DE0002"};
  g.participants.push_back(plant);
  GenesisParticipant user;
  user.id = 2;
  user.name = "household";
  user.role = Role::kUser;
  user.key = signer_of("household").public_key();
  user.contracted_w = 11'000;
  user.meters = {"DE0003"};
  g.participants.push_back(user);
  return g;
}

}  // namespace tieline::testing
