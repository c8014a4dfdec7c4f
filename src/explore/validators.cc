#include "explore/validators.h"

#include "crypto/hash.h"

namespace tieline::explore {

Outcome Validators::start(Seat seat) { return keep(first_start(world_, seat)); }

Advanced Validators::again(ValidatorNumber number, const Event& event) {
  const Validator* peer = event.kind == EventKind::kCatchUp ? &states_[with_chain_[event.argument]] : nullptr;
  return advance(world_, states_[number], event, peer);
}

Outcome& Validators::outcome(ValidatorNumber number, const Event& event) {
  const uint64_t key = static_cast<uint64_t>(number) << 32 | event.packed();
  const uint32_t found = known_.find(key);
  if (found != FlatMap::kNone) return outcomes_[found];
  outcomes_.push_back(keep(again(number, event)));
  known_.insert(key, static_cast<uint32_t>(outcomes_.size() - 1));
  return outcomes_.back();
}

Outcome Validators::keep(Advanced advanced) {
  Outcome out;
  out.reached = advanced.reached;
  out.persists = static_cast<uint8_t>(std::min<uint32_t>(advanced.persists, UINT8_MAX));
  out.sent = lists_.id(advanced.sent);
  if (!advanced.violation.empty()) {
    out.violation = static_cast<uint32_t>(violations_.size());
    violations_.push_back(std::move(advanced.violation));
  }
  out.next = number_of(std::move(advanced.next));
  return out;
}

ValidatorNumber Validators::number_of(Validator&& v) {
  const auto [at, fresh] = numbers_.try_emplace(fingerprint(world_, v), static_cast<ValidatorNumber>(states_.size()));
  if (!fresh) {
    if (world_.bounds().audit && states_[at->second].engine != v.engine) audit(states_[at->second], v);
    return at->second;
  }
  TL_CHECK(at->second != kNobody);
  Summary s;
  Writer w;
  for (const auto& c : v.chain) {
    s.chain.push_back(world_.number_of(c.block));
    encode(w, c.block);
    encode(w, c.proof);
  }
  const auto [chain, new_chain] =
      chain_numbers_.try_emplace(sha256(w.view()), static_cast<uint32_t>(with_chain_.size()));
  if (new_chain) with_chain_.push_back(at->second);
  s.chain_number = chain->second;
  s.view = v.engine_view;
  for (size_t i = 0; i < v.timers.size(); ++i)
    if (v.timers[i]) s.armed = static_cast<uint8_t>(s.armed | 1u << i);
  s.outside = v.outside;
  s.wants = v.want.has_value();
  for (const Hash& block : v.judging) s.judging.push_back(world_.number_of(block));
  summaries_.push_back(std::move(s));
  states_.push_back(std::move(v));
  return at->second;
}

// Two that have one fingerprint must do the same at whatever comes. The latest messages are the likeliest to matter.
void Validators::audit(const Validator& a, const Validator& b) {
  ++audited_;
  std::vector<Event> events;
  const size_t envelopes = world_.envelopes();
  for (size_t i = envelopes > kAuditedEnvelopes ? envelopes - kAuditedEnvelopes : 0; i < envelopes; ++i)
    events.push_back({EventKind::kDeliver, static_cast<uint32_t>(i)});
  for (size_t i = 0; i < a.timers.size(); ++i)
    if (a.timers[i]) events.push_back({EventKind::kTimer, static_cast<uint32_t>(i)});
  if (world_.bounds().crashes > 0) events.push_back({EventKind::kCrash});
  for (const Event& event : events) {
    const Advanced left = advance(world_, a, event, nullptr), right = advance(world_, b, event, nullptr);
    const bool same = left.sent == right.sent && left.persists == right.persists &&
                      left.violation.empty() == right.violation.empty() &&
                      fingerprint(world_, left.next) == fingerprint(world_, right.next);
    TL_CHECK_MSG(same, "two validators have one fingerprint and behave differently: a field is missing in it");
  }
}

}  // namespace tieline::explore
