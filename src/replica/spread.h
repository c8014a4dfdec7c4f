#pragma once
// Transactions that clients brought here go to all connected peers in batches, once their signatures are checked. What
// came from a peer is never passed on: whoever took it from a client has sent it to everyone.

#include <functional>

#include "replica/context.h"
#include "replica/frames.h"

namespace tieline::replica {

class Spread {
 public:
  using Seal = std::function<std::optional<BatchSeal>(const std::vector<Blob>&)>;
  explicit Spread(Seal seal) : seal_(std::move(seal)) {}
  void add(const Blob& transaction, Context& context, const std::vector<ValidatorId>& peers);
  void pump(Context& context, const std::vector<ValidatorId>& peers);  // sends when the oldest has waited long enough
  std::optional<int64_t> deadline() const { return deadline_; }

 private:
  void flush(Context& context, const std::vector<ValidatorId>& peers);
  Seal seal_;
  std::vector<Blob> batch_;
  size_t bytes_ = 0;
  std::optional<int64_t> deadline_;
  int64_t last_flush_us_ = 0;
};

}  // namespace tieline::replica
