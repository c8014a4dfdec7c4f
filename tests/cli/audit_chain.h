#pragma once
// A chain as honest validators would have left it in a store: every block with a commit proof, links at epochs' ends, a
// signed checkpoint. For the tests that damage it and see whether the audit notices.

#include "../ledger/chain.h"
#include "ledger/state_tree.h"
#include "replica/chain_meta.h"

namespace tieline::testing {

class ProvenChain : public TestChain {
 public:
  void prove(std::vector<TxPtr> txs) {
    const BlockDraft d = next(std::move(txs), 1'000);
    auto execution = ledger.execute(d, tip, view());
    TL_CHECK(execution.ok());
    const Block block = block_of(d, *execution);
    const Committee committee = *committee_of(view(), block.header.epoch);
    const Certificate certificate = certify(committee, block.header);
    StoreBatch batch = ledger.commit_batch(block, *execution, CommitProof{{}, certificate, std::nullopt});
    if (execution->next_committee) {
      batch.push_back(
          replica::link_write(replica::make_link(block.header, certificate, committee, *execution->next_committee)));
    }
    store.apply(batch);
    tip = block.header;
  }
  void checkpoint() {
    CheckpointCert cert{tip.epoch, tip.height, tip.digest(), state_root_of(store), {}, {}};
    const Hash digest = checkpoint_digest(ledger.chain(), cert.epoch, cert.height, cert.block, cert.state_root);
    sign(cert.signers, cert.signatures, digest);
    store.apply({replica::stable_write(cert)});
  }
  // 12 blocks over three epochs, with transactions of two signers, one of them refused, and a checkpoint at height 8.
  void fill() {
    for (uint64_t i = 1; i <= 12; ++i) {
      const int64_t start = kStartS - 900 * 1'000 + static_cast<int64_t>(i) * 900;
      prove({readings(kPlant, i, {reading(kPlantMeter, start, 10 + i)}), data(kUser, i),
             readings(kSecondPlant, i, {reading(kPlantMeter, start)})});
      if (i == 8) checkpoint();
    }
  }

 private:
  Certificate certify(const Committee&, const Header& header) const {
    Certificate c;
    c.slot = {header.epoch, 0, static_cast<int64_t>(header.height)};
    c.height = header.height;
    c.block = header.digest();
    sign(c.signers, c.signatures, confirm_digest(ledger.chain(), c.slot, c.height, c.block));
    return c;
  }
  static void sign(SignerSet& signers, std::vector<Signature>& signatures, const Hash& digest) {
    for (ValidatorId id = 0; id < 4; ++id) {
      signers.insert(id);
      signatures.push_back(validator_key(id).sign(digest.view()));
    }
  }
};

}  // namespace tieline::testing
