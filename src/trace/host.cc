#include "trace/host.h"

#include "replica/frames.h"
#include "replica/log_format.h"

namespace tieline::trace {
namespace {

// Of a frame that holds one; the others are not looked into.
std::optional<Blob> consensus_message(const Blob& frame) {
  constexpr uint8_t kKind = 1;  // docs/formats/frames.md
  if (frame.size() < 2 || frame.view()[1] != kKind) return std::nullopt;
  auto decoded = replica::decode_frame(frame, frame.size());
  TL_CHECK(decoded.ok());
  return std::get<replica::ConsensusFrame>(*decoded).message;
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
    if (const auto message = consensus_message(send->frame))
      sink_.put_left(encode_left_without_digest(send->to), *message);
  }
}

}  // namespace tieline::trace
