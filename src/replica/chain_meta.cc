#include "replica/chain_meta.h"

#include <algorithm>
#include <bit>

#include "base/codec.h"

namespace tieline::replica {
namespace {

constexpr std::string_view kEpochStartKey = "replica/epoch_start";
constexpr std::string_view kStableKey = "replica/stable";
constexpr std::string_view kHistoryKey = "replica/history";
constexpr std::string_view kLinkPrefix = "replica/link/";

Bytes key_of(std::string_view name) { return {name.begin(), name.end()}; }

Bytes link_key(Epoch epoch) {
  Bytes key = key_of(kLinkPrefix);
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<uint8_t>(epoch >> shift));
  return key;
}

template <class T>
Result<std::optional<T>> stored(const StoreReader& store, std::string_view key) {
  const std::optional<Bytes> bytes = store.get(Column::kMeta, view_of(key));
  if (!bytes) return std::optional<T>();
  Result<T> value = decoded<T>(*bytes, "record");
  if (!value.ok()) return Error{"corrupt_store", "the store's record " + std::string(key) + " does not decode"};
  return std::optional<T>(std::move(*value));
}

}  // namespace

void encode(Writer& w, const EpochStart& s) {
  w.u64(s.epoch);
  encode(w, s.header);
  encode(w, s.proof);
}

void decode(Reader& r, EpochStart& s) {
  s.epoch = r.u64();
  decode(r, s.header);
  decode(r, s.proof);
}

void encode(Writer& w, const HistoryMark& m) {
  w.u64(m.from);
  encode(w, m.parent);
}

void decode(Reader& r, HistoryMark& m) {
  m.from = r.u64();
  decode(r, m.parent);
}

StoreWrite history_write(const std::optional<HistoryMark>& mark) {
  StoreWrite write{Column::kMeta, key_of(kHistoryKey), std::nullopt};
  if (mark) write.value = encoded(*mark);
  return write;
}

Result<std::optional<HistoryMark>> stored_history(const StoreReader& store) {
  return stored<HistoryMark>(store, kHistoryKey);
}

StoreWrite epoch_start_write(const EpochStart& start) {
  return {Column::kMeta, key_of(kEpochStartKey), encoded(start)};
}

StoreWrite link_write(const CommitteeLink& link) { return {Column::kMeta, link_key(link.header.epoch), encoded(link)}; }

StoreWrite stable_write(const CheckpointCert& certificate) {
  return {Column::kMeta, key_of(kStableKey), encoded(certificate)};
}

Result<std::optional<EpochStart>> stored_epoch_start(const StoreReader& store) {
  return stored<EpochStart>(store, kEpochStartKey);
}

Result<std::optional<CheckpointCert>> stored_stable(const StoreReader& store) {
  return stored<CheckpointCert>(store, kStableKey);
}

std::optional<CommitteeLink> stored_link(const StoreReader& store, Epoch epoch) {
  const std::optional<Bytes> bytes = store.get(Column::kMeta, link_key(epoch));
  if (!bytes) return std::nullopt;
  Result<CommitteeLink> link = decoded<CommitteeLink>(*bytes, "committee link");
  if (!link.ok()) return std::nullopt;
  return std::move(*link);
}

namespace {

// Do the members that signed the link form a quorum of this committee?
bool is_vouched_by(const CommitteeLink& link, const Committee& committee) {
  SignerSet set;
  const auto add = [&](ValidatorId id) {
    const auto position = committee.position_of(id);
    if (position) set.insert(*position);
    return position.has_value();
  };
  for (const CommitteeLink::Vote& vote : link.votes)
    if (!add(vote.signer)) return false;
  for (ValidatorId id : link.signers)
    if (!add(id)) return false;
  return committee.is_quorum(set);
}

}  // namespace

Result<std::vector<CommitteeLink>> links_to(const StoreReader& store, const Committee& genesis, Epoch epoch) {
  std::vector<CommitteeLink> links;
  while (epoch > 0) {
    std::optional<CommitteeLink> link = stored_link(store, epoch - 1);
    if (!link)
      return Error{"not_applied_yet",
                   "this validator does not hold the link to the committee of epoch " + std::to_string(epoch)};
    links.push_back(std::move(*link));
    // Back to genesis if it may be, else by the longest step of a power of two. Its own epoch's committee signed it.
    if (is_vouched_by(links.back(), genesis)) break;
    Epoch step = std::bit_floor(epoch);
    for (; step > 1; step /= 2) {
      if (step == epoch) continue;  // genesis, asked above
      const std::optional<CommitteeLink> older = stored_link(store, epoch - step - 1);
      if (older && is_vouched_by(links.back(), older->next)) break;
    }
    epoch -= step;
  }
  std::reverse(links.begin(), links.end());
  return links;
}

CommitteeLink make_link(const Header& header, const Certificate& certificate, const Committee& committee,
                        Committee next) {
  CommitteeLink link;
  link.header = header;
  link.slot = certificate.slot;
  const std::vector<size_t> positions = certificate.signers.positions();
  link.aggregate = certificate.aggregate;
  if (link.aggregate)
    for (size_t position : positions) link.signers.push_back(committee.at(position).id);
  for (size_t i = 0; i < positions.size() && i < certificate.signatures.size(); ++i)
    link.votes.push_back({committee.at(positions[i]).id, certificate.signatures[i]});
  link.next = std::move(next);
  return link;
}

}  // namespace tieline::replica
