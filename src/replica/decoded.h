#pragma once
// What a frame of a peer says, decoded whole: the frame, the consensus message in it, its transactions parsed and
// hashed. A pure function of the bytes, so that a host may do it in any thread before the replica sees the frame, and
// once for everybody who is sent the same one. Without it the replica decodes for itself.

#include <memory>
#include <vector>

#include "consensus/messages.h"
#include "model/transaction.h"
#include "replica/frames.h"

namespace tieline::replica {

struct DecodedFrame {
  Result<Frame> frame;
  // Of a ConsensusFrame: the message, or why it is none.
  std::optional<Result<consensus::MessagePtr>> message;
  // The same of a RelayFrame, whose sender need not be who said it.
  std::optional<Result<consensus::MessagePtr>> relayed;
  // Of a TransactionsFrame: one for each, null if it is malformed or over size.
  std::vector<TxPtr> transactions;
};
using DecodedPtr = std::shared_ptr<const DecodedFrame>;

DecodedPtr decode_whole(const Blob& bytes, size_t bytes_max);

// Null if it is malformed or over size.
TxPtr parse_transaction(const Blob& bytes);

}  // namespace tieline::replica
