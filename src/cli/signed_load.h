#pragma once
// Transactions for measurements, signed before the clock starts and by all cores: transaction i is signed by signer
// i mod signers, with the next sequence number of that signer, so that no sequence window is ever left. A signer always
// speaks to the same validator (`lane`), in order. What is left over from one measurement serves the next.

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "cli/network_access.h"
#include "model/ids.h"

namespace tieline::cli {

struct LoadShape {
  ChainId chain;
  size_t lanes = 4;            // validators
  size_t payload_bytes = 256;  // of opaque data, when readings_per_tx is 0
  size_t readings_per_tx = 0;
};

class SignedLoad {
 public:
  // Signer i speaks for meters[i].
  SignedLoad(LoadShape shape, std::vector<Identity> signers, std::vector<MeterId> meters);

  // Signs until every lane has at least `per_lane` waiting, valid up to expiry_height.
  void fill(size_t per_lane, int64_t timestamp_ms, Height expiry_height);
  size_t lanes() const { return lanes_.size(); }
  size_t left(size_t lane) const { return lanes_[lane].queue.size() - lanes_[lane].next; }
  // Takes up to `count` of a lane; fewer when it runs out. One thread a lane.
  std::vector<Blob> take(size_t lane, size_t count);

 private:
  struct Lane {
    std::vector<Blob> queue;
    size_t next = 0;
  };
  struct Account {
    Identity identity;
    MeterId meter = 0;
    uint64_t sequence = 0;  // last given out
  };
  Blob make(const Account& account, uint64_t sequence, int64_t timestamp_ms, Height expiry_height) const;

  LoadShape shape_;
  std::vector<Account> accounts_;
  std::vector<Lane> lanes_;
  size_t turn_ = 0;  // account that signs next
};

}  // namespace tieline::cli
