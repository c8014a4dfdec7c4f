#pragma once
// The committee of one epoch: who votes, with which key, in which position; and every counting question about a set of
// its members. No engine counts by itself. Members stand in ascending validator id; a SignerSet is over positions.
// The fault model comes from genesis' engine and never changes; with kWeighted, votes are weighed: weights follow from
// the members' trust and are never given.
// A committee is frozen for its epoch; its digest is named in the header of the previous epoch's last block.

#include <array>
#include <bit>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "crypto/keys.h"
#include "model/ids.h"
#include "model/quorum.h"
#include "model/weights.h"

namespace tieline {

inline constexpr size_t kCommitteeMax = 256;
inline constexpr size_t kCommitteeMin = 1;           // raft, which survives crashes only
inline constexpr size_t kByzantineCommitteeMin = 4;  // every other engine (genesis checks it)
inline constexpr uint32_t kCreditOne = 65'536;       // 1.0 in Q16.16

// What a certificate holds; genesis names it and it never changes.
enum class CertificateKind : uint8_t {
  kList = 1,  // an Ed25519 signature of each signer
  kBls = 2,   // one BLS signature, the sum of the signers'
};

// A set of positions in a committee. Encoded as u8 length and that many bytes, lowest position in the lowest bit of the
// first byte, without trailing zero bytes (so that a set has one encoding).
class SignerSet {
 public:
  bool contains(size_t position) const {
    return position < kCommitteeMax && (words_[position / 64] >> (position % 64) & 1);
  }
  bool insert(size_t position);  // false when it was in already
  void erase(size_t position) { words_[position / 64] &= ~(uint64_t{1} << (position % 64)); }
  size_t count() const {
    size_t n = 0;
    for (uint64_t w : words_) n += static_cast<size_t>(std::popcount(w));
    return n;
  }
  bool empty() const { return count() == 0; }
  bool all_below(size_t bound) const {
    for (size_t i = 0; i < words_.size(); ++i) {
      const size_t kept = bound <= i * 64 ? 0 : bound - i * 64;
      if (kept < 64 && (words_[i] >> kept) != 0) return false;
    }
    return true;
  }
  std::vector<size_t> positions() const;  // ascending
  auto operator<=>(const SignerSet&) const = default;
  friend void encode(Writer& w, const SignerSet& s);
  friend void decode(Reader& r, SignerSet& s);

 private:
  std::array<uint64_t, kCommitteeMax / 64> words_{};
};

struct Member {
  ValidatorId id = 0;
  OrgId org = 0;
  PublicKey key;
  bls::PublicKey bls_key;          // possession proven, in genesis or when it was registered
  uint32_t credit = 0;             // Q16.16 in [0, 1]; equal for all until the credit model fills the table
  uint32_t trust = kGenesisTrust;  // Q16.16 in [0, 1]; weighs where the fault model says so, else only kept
  uint64_t weight = 1;             // kWeighted: set by the committee from the trust of all
  uint32_t jailed_until = 0;       // first epoch in which it may lead again; 0: never jailed
  bool operator==(const Member&) const = default;
};
void encode(Writer& w, const Member& m);
void decode(Reader& r, Member& m);

class Committee {
 public:
  Committee() = default;
  // Sorts by id and weighs the members where votes are weighed; aborts on a duplicate, a wrong size, credit or trust
  // > 1.
  Committee(Epoch epoch, Hash seed, std::vector<Member> members, FaultModel faults = FaultModel::kByzantine,
            CertificateKind certificates = CertificateKind::kList);

  Epoch epoch() const { return epoch_; }
  const Hash& seed() const { return seed_; }  // draws and ties: H(seed, id, view)
  const std::vector<Member>& members() const { return members_; }
  const Member& at(size_t position) const { return members_[position]; }
  size_t size() const { return members_.size(); }
  const Quorum& count() const { return quorum_; }  // by heads alone; says nothing where votes are weighed
  bool weighted() const { return quorum_.faults == FaultModel::kWeighted; }
  const Classes& classes() const { return classes_; }
  TrustClass class_at(size_t position) const { return trust_class(members_[position].trust); }
  uint64_t total_weight() const { return all_.weight; }  // 0 where votes are not weighed
  // Too few trusted members are left to weigh by (weights.h). Never where votes are not weighed.
  bool weights_alarm() const { return weighted() && classes_.equal_weights(); }
  CertificateKind certificates() const { return certificates_; }
  std::optional<size_t> position_of(ValidatorId id) const;
  Hash digest() const;

  bool is_quorum(const SignerSet& s) const {
    if (weighted()) return within(s) && is_weighed_quorum(weigh(s), all_);
    return within(s) && s.count() >= quorum_.quorum();
  }
  // Commits in one round; never where votes are weighed.
  bool is_fast(const SignerSet& s) const { return !weighted() && within(s) && s.count() >= quorum_.fast(); }
  bool holds_correct(const SignerSet& s) const {
    if (weighted()) return within(s) && weighed_holds_correct(weigh(s), all_);
    return within(s) && s.count() >= quorum_.correct();
  }
  bool is_view_change_set(const SignerSet& s) const {
    return weighted() ? is_quorum(s) : within(s) && s.count() == quorum_.view_change();
  }
  // As many as a view change needs, or more.
  bool holds_view_change_set(const SignerSet& s) const {
    return weighted() ? is_quorum(s) : within(s) && s.count() >= quorum_.view_change();
  }

  bool operator==(const Committee&) const = default;
  friend void encode(Writer& w, const Committee& c);
  friend void decode(Reader& r, Committee& c);

 private:
  bool within(const SignerSet& s) const { return s.all_below(members_.size()); }  // no position beyond the committee
  void weigh_members();
  Weighed weigh(const SignerSet& s) const;
  Epoch epoch_ = 0;
  Hash seed_;
  std::vector<Member> members_;
  Quorum quorum_{};
  CertificateKind certificates_ = CertificateKind::kList;
  Classes classes_;
  SignerSet heads_;  // who counts as a head where votes are weighed
  Weighed all_;
};

}  // namespace tieline
