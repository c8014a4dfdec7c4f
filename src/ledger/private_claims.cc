#include "ledger/private_claims.h"

#include "base/check.h"
#include "crypto/hash.h"
#include "energy/private_actions.h"

namespace tieline {
namespace {

constexpr std::string_view kClaimTag = "tieline/private-claim/1";

TxCode form_of(const PrivateClaim& claim) {
  const Status form = energy::check_private_form(claim.record, claim.bucket_w);
  return form ? TxCode::ok : code_from_name(form.error().code).value_or(TxCode::malformed);
}

}  // namespace

PrivateClaim private_claim(const ChainId& chain, energy::PrivateRecord record, ByteView payload, uint64_t bucket_w) {
  Writer w;
  encode(w, chain);
  w.u64(bucket_w);
  return {chain, std::move(record), bucket_w, tagged_hash(kClaimTag, {w.view(), payload}), {}};
}

uint64_t claim_work_us(const PrivateClaim& claim) { return energy::record_work_us(claim.record.readings.size()); }

std::vector<TxCode> check_claims(std::span<const PrivateClaim* const> claims, const Verifier& verifier) {
  std::vector<TxCode> out;
  std::vector<size_t> open;  // those that are still good
  std::vector<Hash> digests;
  for (size_t i = 0; i < claims.size(); ++i) {
    out.push_back(form_of(*claims[i]));
    if (out[i] != TxCode::ok) continue;
    open.push_back(i);
    digests.push_back(energy::signed_digest(claims[i]->chain, claims[i]->record));
  }
  if (open.empty()) return out;

  std::vector<SignedItem> signatures;
  for (size_t n = 0; n < open.size(); ++n) {
    const energy::PrivateRecord& record = claims[open[n]]->record;
    signatures.push_back({record.pseudonym, digests[n].view(), record.signature});
  }
  Bytes good(open.size());
  verifier.verify_batch(signatures, good);

  // Who did not sign has nothing proved: a stranger's record costs no proof.
  std::vector<size_t> left;
  std::vector<energy::RangeView> views;
  views.reserve(open.size());
  std::vector<range::Item> items;
  for (size_t n = 0; n < open.size(); ++n) {
    const PrivateClaim& claim = *claims[open[n]];
    if (good[n] == 0) {
      out[open[n]] = TxCode::bad_inner_signature;
      continue;
    }
    left.push_back(open[n]);
    views.emplace_back(claim.chain, claim.record, claim.bucket_w);
    items.push_back({views.back().claim(), claim.record.range_proof});
  }
  Bytes proved(items.size());
  if (!items.empty()) range::verify_batch(items, proved);
  for (size_t n = 0; n < left.size(); ++n) {
    if (proved[n] == 0) out[left[n]] = TxCode::bad_range_proof;
  }
  return out;
}

}  // namespace tieline
