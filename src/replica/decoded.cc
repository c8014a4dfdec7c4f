#include "replica/decoded.h"

namespace tieline::replica {

TxPtr parse_transaction(const Blob& bytes) {
  if (bytes.size() > kTxBytesMax) return nullptr;
  Result<TxPtr> parsed = Transaction::parse(bytes);
  return parsed.ok() ? std::move(*parsed) : nullptr;
}

DecodedPtr decode_whole(const Blob& bytes, size_t bytes_max) {
  auto out = std::make_shared<DecodedFrame>(DecodedFrame{decode_frame(bytes, bytes_max), std::nullopt, {}, {}});
  if (!out->frame.ok()) return out;
  if (const auto* consensus = std::get_if<ConsensusFrame>(&*out->frame)) {
    out->message = consensus::decode_message(consensus->message);
  } else if (const auto* relay = std::get_if<RelayFrame>(&*out->frame)) {
    out->relayed = consensus::decode_message(relay->message);
  } else if (const auto* batch = std::get_if<TransactionsFrame>(&*out->frame)) {
    out->transactions.reserve(batch->transactions.size());
    for (const Blob& tx : batch->transactions) out->transactions.push_back(parse_transaction(tx));
  }
  return out;
}

}  // namespace tieline::replica
