#include "trace/host.h"

#include "replica/frames.h"
#include "replica/log_format.h"

namespace tieline::trace {
namespace {

// Of a frame that holds one of `self`; the others are not looked into. What it relays for others they said.
std::optional<Blob> own_message(const Blob& frame, ValidatorId self) {
  constexpr uint8_t kPlain = 1, kRelayed = 16;  // docs/formats/frames.md
  const uint8_t kind = frame.size() < 2 ? 0 : frame.view()[1];
  if (kind != kPlain && kind != kRelayed) return std::nullopt;
  auto decoded = replica::decode_frame(frame, frame.size());
  TL_CHECK(decoded.ok());
  if (kind == kPlain) return std::get<replica::ConsensusFrame>(*decoded).message;
  const auto& relayed = std::get<replica::RelayFrame>(*decoded);
  if (relayed.origin != self) return std::nullopt;
  return relayed.message;
}

}  // namespace

void HostTrace::before(const replica::Input& input) {
  if (const auto* durable = std::get_if<replica::LogDurable>(&input)) sink_.put(encode_record(Durable{durable->lsn}));
}

void HostTrace::carrying_out(const replica::Effect& effect) {
  if (const auto* append = std::get_if<replica::LogAppend>(&effect)) {
    Appended record{append->lsn, {}};
    if (append->vote_sector) {
      const auto sector = replica::decode_sector(*append->vote_sector);
      TL_CHECK(sector.has_value());
      record.vote = sector->vote.sequence;
    }
    sink_.put(encode_record(record));
  } else if (const auto* send = std::get_if<replica::SendFrame>(&effect)) {
    if (const auto message = own_message(send->frame, self_))
      sink_.put_left(encode_left_without_digest(send->to), *message);
  }
}

}  // namespace tieline::trace
