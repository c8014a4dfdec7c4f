#pragma once
// The trust process of a committee alone: records, the law, the boundary and its delay as in the ledger, without blocks
// or a network. What a member shows in an epoch is given. For experiments that need a million elections.

#include <vector>

#include "standing/trust.h"

namespace tieline::paper {

class TrustWorld {
 public:
  // One member for each trust, an organisation of its own each. The tables of epochs 0 and 1 are both of this trust.
  explicit TrustWorld(const std::vector<uint32_t>& trusts);

  const Committee& table() const { return now_; }  // of the running epoch
  uint32_t trust(size_t position) const { return records_[position].trust; }

  struct Shown {
    uint32_t voted = 0;
    uint32_t absent = 0;
    bool proven = false;  // a proof against it was committed
  };
  // The running epoch ends with what each member has shown; the table of the one after the next follows.
  void end_epoch(const std::vector<Shown>& shown);

 private:
  std::vector<standing::TrustRecord> records_;
  Committee now_, next_;
};

// Who may stand for election: the trusted; if there are none the regular; if there are none everybody.
std::vector<size_t> eligible(const Committee& table);

}  // namespace tieline::paper
