// What a traitor does to evidence: false measures of others, floods of late CONFIRMs that nobody asked for, guessed
// answers to probes, and transactions that do not verify, handed on under its own seal.

#include "crypto/hash.h"
#include "replica/submission.h"
#include "sim/byzantine.h"

namespace tieline::sim {

using namespace consensus;

namespace {

constexpr int kFloodRounds = 4;

}  // namespace

bool Traitor::smear(const replica::Frame& frame, const Message* m, Mask to, bool bulk, std::vector<Treason>& out) {
  if (const auto* batch = std::get_if<replica::TransactionsFrame>(&frame)) {
    if (batch->transactions.empty() || !batch->seal || !rng_.chance(300'000)) return false;
    replica::TransactionsFrame other = *batch;
    Blob& victim = other.transactions[rng_.below(other.transactions.size())];
    Bytes bytes(victim.view().begin(), victim.view().end());
    if (bytes.empty()) return false;
    bytes[rng_.chance(500'000) ? bytes.size() - 1 : rng_.below(bytes.size())] ^= 1;
    victim = Blob(std::move(bytes));
    // Under its own signature, or under the one it had: then it proves nothing.
    if (rng_.chance(700'000))
      other.seal = replica::seal_batch(other.transactions, conspiracy_.chain(), id_, batch->seal->epoch, signer_);
    count(ByzantineKind::kSmear);
    out.push_back({to, replica::encode_frame(other), bulk, 0});
    out.push_back({to, replica::encode_frame(*batch), bulk, 0});
    return true;
  }
  if (m == nullptr) return false;
  if (const auto* measured = std::get_if<Measured>(&m->payload)) {
    Measured other = *measured;
    for (std::vector<uint16_t>* list : {&other.report.rtt_ms, &other.report.interval_ms})
      for (uint16_t& value : *list)
        if (value != kNotMeasured || rng_.chance(500'000)) value = rng_.chance(500'000) ? 0 : kNotMeasured - 1;
    if (rng_.chance(300'000)) other.report.window += static_cast<uint32_t>(rng_.below(1'000));
    count(ByzantineKind::kSmear);
    send(sign_again(other), to, out);
    return true;
  }
  return false;
}

void Traitor::tick_smear(std::vector<Treason>& out) {
  const Mask to = conspiracy_.some() & ~(Mask{1} << id_);
  for (int round = 0; round < kFloodRounds; ++round) {
    const MessagePtr heard = conspiracy_.remembered_of<Confirm>();
    if (heard == nullptr) break;
    const Confirm& c = std::get<Confirm>(heard->payload);
    LateConfirms flood;
    for (size_t i = 0; i < kLatePerMessageMax; ++i) {
      LateConfirm late{c.signer, c.slot, c.height, c.block, c.signature};
      if (i > 0) {  // its own vote for whatever, or one in another's name
        late.signer = rng_.chance(700'000) ? id_ : static_cast<ValidatorId>(rng_.below(conspiracy_.validators()));
        late.slot.index += static_cast<int64_t>(rng_.below(8));
        late.signature = signer_.sign(confirm_digest(conspiracy_.chain(), late.slot, late.height, late.block).view());
      }
      flood.votes.push_back(late);
    }
    count(ByzantineKind::kSmear);
    send(flood, to, out);
  }
  send(Probe{rng_.next(), rng_.chance(500'000)}, to, out);
  // A report in somebody else's name.
  if (const MessagePtr heard = conspiracy_.remembered_of<Measured>(); heard != nullptr) {
    Measured other = std::get<Measured>(heard->payload);
    other.report.reporter = static_cast<ValidatorId>(rng_.below(conspiracy_.validators()));
    other.report.window += 1;
    other.report.signature = signer_.sign(report_digest(conspiracy_.chain(), other.report).view());
    send(other, to, out);
  }
}

}  // namespace tieline::sim
