#include "consensus/measuring.h"

#include <algorithm>

#include "crypto/hash.h"

namespace tieline::consensus {

Measuring::Measuring(ValidatorId self, const Hash& secret, const ConsensusParams& params)
    : self_(self), secret_(secret), window_blocks_(std::clamp<uint32_t>(params.epoch_blocks / 2, 1, kMeasureBlocks)) {}

std::optional<uint64_t> Measuring::window_over(const Now& now, uint32_t blocks) {
  if (blocks <= last_blocks_) return std::nullopt;
  if (blocks - last_blocks_ < window_blocks_ && now.mono_us - last_us_ < kMeasureUs) return std::nullopt;
  last_blocks_ = blocks;
  last_us_ = now.mono_us;
  Writer w;
  w.u16(self_);
  w.u64(rounds_++);
  const Hash drawn = tagged_hash("tieline/probe/1", {secret_.view(), w.view()});
  const uint64_t number = Reader(drawn.view()).u64();
  open_.push_back({number, now.mono_us, {}});
  if (open_.size() > kProbesOpen) open_.pop_front();
  return number;
}

void Measuring::new_epoch() { last_blocks_ = 0; }

void Measuring::answered(const Now& now, ValidatorId peer, uint64_t number) {
  for (Round& round : open_) {
    if (round.number != number) continue;
    if (std::find(round.answered.begin(), round.answered.end(), peer) != round.answered.end()) return;
    round.answered.push_back(peer);
    return add(round_trips_[peer], now.mono_us - round.sent_us);
  }
}

void Measuring::proposed(const Now& now, ValidatorId leader, std::optional<int64_t> oldest_us) {
  if (leader != self_ && oldest_us) add(intervals_[leader], now.mono_us - std::max(led_since_us_, *oldest_us));
  led_since_us_ = now.mono_us;
}

void Measuring::add(Samples& samples, int64_t span_us) {
  const int64_t ms = std::clamp<int64_t>(span_us / kMicrosPerMilli, 0, kMeasureMsMax);
  samples.push_back(static_cast<uint16_t>(ms));
  if (samples.size() > kSamplesKept) samples.pop_front();
}

uint16_t Measuring::median(const Samples& samples) {
  std::vector<uint16_t> sorted(samples.begin(), samples.end());
  std::sort(sorted.begin(), sorted.end());
  return sorted[(sorted.size() - 1) / 2];
}

// The newest round has only just been asked.
bool Measuring::silent(ValidatorId peer) const {
  if (open_.size() < kProbesOpen) return false;
  return std::none_of(open_.begin(), open_.end() - 1, [&](const Round& round) {
    return std::find(round.answered.begin(), round.answered.end(), peer) != round.answered.end();
  });
}

std::optional<MeasureReport> Measuring::report(const Committee& committee, uint32_t blocks) const {
  MeasureReport out;
  out.reporter = self_;
  out.epoch = committee.epoch();
  out.window = blocks;
  bool any = false;
  for (const Member& m : committee.members()) {
    const auto of = [&](const std::map<ValidatorId, Samples>& measured) {
      const auto at = measured.find(m.id);
      if (m.id == self_ || at == measured.end()) return kNotMeasured;
      any = true;
      return median(at->second);
    };
    out.rtt_ms.push_back(silent(m.id) ? kNotMeasured : of(round_trips_));
    out.interval_ms.push_back(of(intervals_));
  }
  if (!any) return std::nullopt;
  return out;
}

}  // namespace tieline::consensus
