// What a traitor does as a relay: it keeps what it should pass on, says of everybody that they have it, hands on what
// its author never said, announces proposals that do not exist and asks for everything.

#include "replica/relay.h"
#include "sim/byzantine.h"

namespace tieline::sim {

using namespace consensus;

namespace {

SignerSet everyone_of(size_t validators) {
  SignerSet all;
  for (size_t at = 0; at < validators; ++at) all.insert(at);
  return all;
}

Blob flipped(const Blob& from, size_t at) {
  Bytes bytes(from.view().begin(), from.view().end());
  bytes[at] ^= 1;
  return Blob(std::move(bytes));
}

}  // namespace

Blob Traitor::relay_frame(const Message& propose) const {
  const Hash digest = replica::relay_digest(conspiracy_.chain(), id_, propose.digest);
  return replica::encode_frame(replica::RelayFrame{id_, {}, signer_.sign(digest.view()), propose.bytes});
}

bool Traitor::breaks_relay(const replica::Frame& frame) {
  const auto* relay = std::get_if<replica::RelayFrame>(&frame);
  return relay != nullptr && relay->origin != id_;
}

bool Traitor::lie_of_relay(const replica::Frame& frame, Mask to, std::vector<Treason>& out) {
  if (const auto* have = std::get_if<replica::RelayHave>(&frame)) {
    replica::RelayHave other = *have;
    other.have = everyone_of(conspiracy_.validators());
    if (rng_.chance(300'000)) {  // there is one that nobody has
      other.origin = id_;
      other.slot.index += 1;
      other.message.bytes[rng_.below(Hash::kSize)] ^= 1;
    }
    count(ByzantineKind::kLie);
    out.push_back({to, replica::encode_frame(*have), false, 0});
    out.push_back({to, replica::encode_frame(other), false, 0});
    out.push_back({to, replica::encode_frame(replica::RelayPull{have->message}), false, 0});
    return true;
  }
  const auto* relay = std::get_if<replica::RelayFrame>(&frame);
  if (relay == nullptr) return false;
  replica::RelayFrame other = *relay;
  switch (rng_.below(4)) {
    case 0:
      other.have = everyone_of(conspiracy_.validators());
      break;
    case 1:  // as its own, or as somebody else's
      other.origin = static_cast<ValidatorId>(rng_.below(conspiracy_.validators()));
      other.signature = signer_.sign(other.signature.view());
      break;
    case 2: {  // an old one, or another message
      const MessagePtr old = conspiracy_.remembered();
      if (old == nullptr) return false;
      other.message = old->bytes;
      break;
    }
    default:
      if (!other.message.empty()) other.message = flipped(other.message, rng_.below(other.message.size()));
      break;
  }
  count(ByzantineKind::kLie);
  out.push_back({to, replica::encode_frame(other), false, 0});
  if (rng_.chance(500'000)) out.push_back({to, replica::encode_frame(frame), false, 0});
  return true;
}

}  // namespace tieline::sim
