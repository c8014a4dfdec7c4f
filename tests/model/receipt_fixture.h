#pragma once
// Receipts written by hand, as a chain of validators would have left them: for the tests that judge them, for the
// golden vectors, and so for the reference verifier in Python.

#include <functional>

#include "crypto/merkle.h"
#include "fixtures.h"

namespace tieline::testing {

struct ReceiptWriter {
  explicit ReceiptWriter(CertificateKind kind = CertificateKind::kList) : genesis_(genesis_with(kind)) {}
  explicit ReceiptWriter(Genesis genesis) : genesis_(std::move(genesis)) {}
  static Genesis genesis_with(CertificateKind kind) {
    Genesis g = genesis_of();
    g.consensus.certificates = kind;
    return g;
  }
  // The validators of genesis have ids 0.. and these keys.
  TestCommittee epoch_of(Epoch epoch, size_t n = 4) const {
    return TestCommittee(n, epoch, "validator", 0, genesis_.consensus.certificates);
  }

  Bytes transaction(std::string_view signer, ParticipantId id, const ChainId& chain, uint64_t sequence = 1) const {
    Reading reading;
    reading.meter = 3;
    reading.start_s = 1'700'000'100;
    reading.duration_s = 900;
    reading.wh = 250;
    TransactionDraft draft;
    draft.chain = chain;
    draft.signatories = {id};
    draft.sequence = sequence;
    draft.timestamp_ms = genesis_.time_ms;
    draft.expiry_height = 100;
    draft.actions = {{ActionType::kReadings, encode_readings({reading})}};
    const Ed25519Signer key = signer_of(signer);
    const Signer* keys[] = {&key};
    return build_transaction(draft, keys);
  }

  // The block: `tx` is the second of three transactions.
  Receipt with_block(const Bytes& tx, Epoch epoch, uint16_t code = 0) const {
    std::vector<TxPtr> txs;
    for (const Bytes& bytes : {transaction("solar-park", 1, genesis_.chain_id(), 7), tx,
                               transaction("household", 2, genesis_.chain_id(), 8)}) {
      txs.push_back(*Transaction::parse(Blob::copy_of(bytes)));
    }
    std::vector<Hash> leaves, result_leaves;
    std::vector<TxResult> results;
    for (const TxPtr& t : txs) {
      leaves.push_back(merkle_leaf(t->id().view()));
      results.push_back({t->id(), code});
      result_leaves.push_back(merkle_leaf(encoded(results.back())));
    }
    Receipt r;
    r.chain = genesis_.chain_id();
    r.transaction = tx;
    r.index = 1;
    r.tx_path = merkle_path(leaves, 1);
    r.result = results[1];
    r.result_path = merkle_path(result_leaves, 1);
    r.header = header_of(r.chain, hash_of("parent"), 9, epoch);
    r.header.tx_count = 3;
    r.header.tx_root = tx_root(txs);
    r.header.result_root = result_root(results);
    return r;
  }
  Receipt fast_receipt() const {
    Receipt r = with_block(transaction("household", 2, genesis_.chain_id()), 0);
    r.proof.certificate = epoch_of(0).certify(r.chain, {0, 0, 4}, r.header, first_positions(3));
    return r;
  }
  // Committed in epoch 5 through a path, a two-chain and two links, the second of which skips epochs.
  Receipt deep_receipt() const {
    Receipt r = with_block(transaction("household", 2, genesis_.chain_id()), 5);
    const TestCommittee fifth = epoch_of(5, 5);
    const Header child = header_of(r.chain, r.header.digest(), 10, 5);
    const Header grandchild = header_of(r.chain, child.digest(), 11, 5);
    r.proof.path = {child};
    r.proof.certificate = fifth.certify(r.chain, {5, 2, 0}, child, first_positions(4));
    r.proof.second = CommitProof::Second{grandchild, fifth.certify(r.chain, {5, 2, 1}, grandchild, first_positions(4))};
    r.links = {link(epoch_of(0), 0, epoch_of(1).committee), link(epoch_of(1), 4, fifth.committee)};
    return r;
  }
  // The last block of `epoch` names `next`; the first members of `trusted` confirmed it, after `change` was made to it.
  CommitteeLink link(const TestCommittee& trusted, Epoch epoch, const Committee& next, size_t votes = 3,
                     const std::function<void(CommitteeLink&)>& change = {}) const {
    CommitteeLink l;
    l.header = header_of(genesis_.chain_id(), hash_of("end"), 8, epoch);
    l.header.next_committee = next.digest();
    l.slot = {epoch, 1, 3};
    l.next = next;
    if (change) change(l);
    const Hash digest = confirm_digest(genesis_.chain_id(), l.slot, l.header.height, l.header.digest());
    std::vector<Signature> list;
    trusted.sign(digest, first_positions(votes), list, l.aggregate);
    for (size_t i = 0; i < votes; ++i) {
      if (l.aggregate)
        l.signers.push_back(trusted.committee.at(i).id);
      else
        l.votes.push_back({trusted.committee.at(i).id, list[i]});
    }
    return l;
  }

  const Genesis genesis_;
};

}  // namespace tieline::testing
