#pragma once
// How a NEW-VIEW says certificates (docs/formats/messages.md, NEW-VIEW). Its VIEW-CHANGEs hold n-f certificates of
// mostly the same vote, each by the quorum that its sender happened to hear first: the same signatures in other sets.
// The table says a vote once, with all signatures; each VIEW-CHANGE names it by its number and the set of those that
// it had.

#include <cstdint>
#include <vector>

#include "model/certificate.h"

namespace tieline::consensus {

inline bool same_statement(const Certificate& a, const Certificate& b) {
  return a.slot == b.slot && a.height == b.height && a.block == b.block && a.aggregate == b.aggregate;
}
inline bool same_statement(const CheckpointCert& a, const CheckpointCert& b) {
  return a.epoch == b.epoch && a.height == b.height && a.block == b.block && a.state_root == b.state_root &&
         a.aggregate == b.aggregate;
}

// C: Certificate or CheckpointCert.
template <class C>
class SaidOnce {
 public:
  struct Ref {
    uint16_t number = 0;
    SignerSet signers;
  };

  // Where the certificate stands from now on: with the first of the same statement whose signatures, where both have
  // one, are the same; else behind the last. (An aggregate cannot be taken apart: with the same aggregate only.)
  Ref add(const C& certificate) {
    size_t number = 0;
    while (number < said_.size() && !merge(said_[number], certificate)) ++number;
    if (number == said_.size()) said_.push_back(certificate);
    TL_CHECK(number <= UINT16_MAX);
    return {static_cast<uint16_t>(number), certificate.signers};
  }

  // Fails the reader if the table has no such number, or not those signers there.
  C get(Reader& r, const Ref& ref) const {
    if (ref.number >= said_.size()) return r.fail(), C{};
    C out = said_[ref.number];
    if (out.aggregate) {
      if (out.signers != ref.signers) r.fail();
      return out;
    }
    std::vector<Signature> chosen;
    const std::vector<size_t> positions = out.signers.positions();
    for (size_t i = 0; i < positions.size(); ++i)
      if (ref.signers.contains(positions[i])) chosen.push_back(out.signatures[i]);
    if (chosen.size() != ref.signers.count()) r.fail();
    out.signers = ref.signers;
    out.signatures = std::move(chosen);
    return out;
  }

  void encode(Writer& w) const { encode_list(w, said_); }
  void decode(Reader& r, size_t max) { decode_list(r, said_, max); }

 private:
  // Nothing is copied before it is known that they go together: a liar's table may be long.
  static bool merge(C& into, const C& more) {
    if (!same_statement(into, more)) return false;
    if (into.aggregate) return into.signers == more.signers;
    SignerSet all = into.signers;
    for (const size_t position : more.signers.positions()) all.insert(position);
    const std::vector<size_t> positions = all.positions();
    const auto signature_at = [](const C& c, size_t position, size_t& at) {
      return c.signers.contains(position) ? &c.signatures[at++] : nullptr;
    };
    size_t a = 0, b = 0;
    for (const size_t position : positions) {
      const Signature *first = signature_at(into, position, a), *second = signature_at(more, position, b);
      if (first && second && *first != *second) return false;
    }
    if (all == into.signers) return true;
    std::vector<Signature> signatures;
    a = b = 0;
    for (const size_t position : positions) {
      const Signature *first = signature_at(into, position, a), *second = signature_at(more, position, b);
      signatures.push_back(first ? *first : *second);
    }
    into.signers = all;
    into.signatures = std::move(signatures);
    return true;
  }

  std::vector<C> said_;
};

}  // namespace tieline::consensus
