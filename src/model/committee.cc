#include "model/committee.h"

#include <algorithm>

#include "base/check.h"
#include "base/codec.h"
#include "crypto/hash.h"

namespace tieline {
namespace {

constexpr size_t kMemberBytes = 2 + 2 + 32 + 96 + 4 + 4 + 8 + 4;

}  // namespace

bool SignerSet::insert(size_t position) {
  TL_CHECK(position < kCommitteeMax);
  if (contains(position)) return false;
  words_[position / 64] |= uint64_t{1} << (position % 64);
  return true;
}

std::vector<size_t> SignerSet::positions() const {
  std::vector<size_t> out;
  out.reserve(count());
  for (size_t w = 0; w < words_.size(); ++w) {
    for (uint64_t rest = words_[w]; rest != 0; rest &= rest - 1) {
      out.push_back(w * 64 + static_cast<size_t>(std::countr_zero(rest)));
    }
  }
  return out;
}

void encode(Writer& w, const SignerSet& s) {
  std::array<uint8_t, kCommitteeMax / 8> raw{};
  size_t length = 0;
  for (size_t i = 0; i < raw.size(); ++i) {
    raw[i] = static_cast<uint8_t>(s.words_[i / 8] >> (8 * (i % 8)));
    if (raw[i] != 0) length = i + 1;
  }
  w.u8(static_cast<uint8_t>(length));
  w.raw({raw.data(), length});
}

void decode(Reader& r, SignerSet& s) {
  s.words_ = {};
  const size_t length = r.u8();
  if (length > kCommitteeMax / 8) return r.fail();
  const ByteView raw = r.raw(length);
  if (raw.size() != length) return;
  if (length > 0 && raw.back() == 0) return r.fail();
  for (size_t i = 0; i < length; ++i) s.words_[i / 8] |= uint64_t{raw[i]} << (8 * (i % 8));
}

void encode(Writer& w, const Member& m) {
  w.u16(m.id);
  w.u16(m.org);
  encode(w, m.key);
  encode(w, m.bls_key);
  w.u32(m.credit);
  w.u32(m.trust);
  w.u64(m.weight);
  w.u32(m.jailed_until);
}

void decode(Reader& r, Member& m) {
  m.id = r.u16();
  m.org = r.u16();
  decode(r, m.key);
  decode(r, m.bls_key);
  m.credit = r.u32();
  m.trust = r.u32();
  m.weight = r.u64();
  m.jailed_until = r.u32();
  if (m.credit > kCreditOne || m.trust > kTrustOne) r.fail();
}

Committee::Committee(Epoch epoch, Hash seed, std::vector<Member> members, FaultModel faults,
                     CertificateKind certificates)
    : epoch_(epoch),
      seed_(seed),
      members_(std::move(members)),
      quorum_{members_.size(), faults},
      certificates_(certificates) {
  TL_CHECK(members_.size() >= kCommitteeMin && members_.size() <= kCommitteeMax);
  std::sort(members_.begin(), members_.end(), [](const Member& a, const Member& b) { return a.id < b.id; });
  for (size_t i = 0; i < members_.size(); ++i) {
    TL_CHECK(members_[i].credit <= kCreditOne && members_[i].trust <= kTrustOne);
    TL_CHECK_MSG(i == 0 || members_[i - 1].id < members_[i].id, "two members of a committee share an id");
    classes_.add(class_at(i));
  }
  if (weighted()) weigh_members();
}

void Committee::weigh_members() {
  for (size_t i = 0; i < members_.size(); ++i) {
    members_[i].weight = classes_.weight(class_at(i));
    if (classes_.equal_weights() || is_trusted_or_regular(class_at(i))) heads_.insert(i);
  }
  all_ = {classes_.total_weight(), heads_.count()};
}

Weighed Committee::weigh(const SignerSet& s) const {
  Weighed sum;
  for (size_t position : s.positions()) {
    sum.weight += members_[position].weight;
    if (heads_.contains(position)) ++sum.heads;
  }
  return sum;
}

std::optional<size_t> Committee::position_of(ValidatorId id) const {
  const auto at =
      std::lower_bound(members_.begin(), members_.end(), id, [](const Member& m, ValidatorId v) { return m.id < v; });
  if (at == members_.end() || at->id != id) return std::nullopt;
  return static_cast<size_t>(at - members_.begin());
}

Hash Committee::digest() const { return tagged_hash("tieline/committee/1", {encoded(*this)}); }

void encode(Writer& w, const Committee& c) {
  w.u64(c.epoch_);
  encode(w, c.seed_);
  w.u8(static_cast<uint8_t>(c.quorum_.faults));
  w.u8(static_cast<uint8_t>(c.certificates_));
  encode_list(w, c.members_);
}

void decode(Reader& r, Committee& c) {
  c = Committee();
  const Epoch epoch = r.u64();
  Hash seed;
  decode(r, seed);
  const uint8_t faults = r.u8();
  const uint8_t certificates = r.u8();
  std::vector<Member> members;
  decode_list(r, members, kCommitteeMax, kMemberBytes);
  if (!r.ok()) return;
  if (members.size() < kCommitteeMin) return r.fail();
  if (faults < static_cast<uint8_t>(FaultModel::kByzantine) || faults > static_cast<uint8_t>(FaultModel::kWeighted)) {
    return r.fail();
  }
  if (certificates != static_cast<uint8_t>(CertificateKind::kList) &&
      certificates != static_cast<uint8_t>(CertificateKind::kBls)) {
    return r.fail();
  }
  for (size_t i = 1; i < members.size(); ++i) {
    if (members[i - 1].id >= members[i].id) return r.fail();
  }
  Committee read(epoch, seed, members, static_cast<FaultModel>(faults), static_cast<CertificateKind>(certificates));
  if (read.members_ != members) return r.fail();  // a weight that does not follow from the trust
  c = std::move(read);
}

}  // namespace tieline
