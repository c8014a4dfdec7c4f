#include "energy/private_total.h"

#include <algorithm>
#include <map>

#include "base/check.h"
#include "crypto/hash.h"
#include "energy/interval_set.h"

namespace tieline::energy {
namespace {

Hash opening_digest(const TotalStatement& statement, const TotalOpening& opening, const seal::PublicKey& audience) {
  Writer w;
  encode(w, audience);
  w.u64(static_cast<uint64_t>(opening.value));
  w.u64(static_cast<uint64_t>(opening.value >> 64));
  encode(w, opening.blinding);
  return tagged_hash("tieline/private-total-opening/2", {total_digest(statement).view(), w.view()});
}

// The statement split into what is committed and what is public.
struct Sum {
  std::vector<Commitment> commitments;
  std::vector<Int128> weights;
  Int128 substituted = 0;
};

Sum sum_of(const TotalStatement& statement) {
  Sum out;
  for (size_t i = 0; i < statement.slots.size(); ++i) {
    const SlotValue& slot = statement.slots[i];
    if (slot.commitment) {
      out.commitments.push_back(*slot.commitment);
      out.weights.push_back(statement.weights[i]);
    } else {
      out.substituted += static_cast<Int128>(statement.weights[i]) * slot.substituted_wh;
    }
  }
  return out;
}

Status check_statement(const TotalStatement& statement) {
  const size_t slots = statement.slots.size();
  const bool substitutes_fit =
      std::ranges::all_of(statement.slots, [](const SlotValue& slot) { return slot.substituted_wh <= kPrivateCapMax; });
  if (slots == 0 || slots > kOpeningSlotsMax || statement.weights.size() != slots || !substitutes_fit ||
      std::ranges::any_of(statement.weights, [](uint64_t weight) { return weight > kTariffPriceMax; }))
    return Error{"bad_statement", "a total needs one weight for each of its slots, within the bounds"};
  return {};
}

// What is signed and sealed: without the statement, which both sides have.
Bytes info_of(const TotalStatement& statement) {
  const Hash digest = total_digest(statement);
  return {digest.bytes.begin(), digest.bytes.end()};
}

}  // namespace

Hash total_digest(const TotalStatement& statement) {
  Writer w;
  encode(w, statement.chain);
  encode(w, statement.pseudonym);
  w.u8(static_cast<uint8_t>(statement.obis));
  w.u32(statement.set);
  w.u32(static_cast<uint32_t>(statement.slots.size()));
  for (const SlotValue& slot : statement.slots) {
    encode(w, slot.commitment);
    if (!slot.commitment) w.u64(slot.substituted_wh);
  }
  encode_list(w, statement.weights);
  return tagged_hash("tieline/private-total/1", {w.view()});
}

void encode(Writer& w, const TotalOpening& t) {
  w.u64(static_cast<uint64_t>(t.value));
  w.u64(static_cast<uint64_t>(t.value >> 64));
  encode(w, t.blinding);
  encode(w, t.signature);
}

void decode(Reader& r, TotalOpening& t) {
  const uint64_t low = r.u64();
  const uint64_t high = r.u64();
  if (high >> 63 != 0) r.fail();
  t.value = (static_cast<Int128>(high & (UINT64_MAX >> 1)) << 64) | low;
  decode(r, t.blinding);
  decode(r, t.signature);
}

std::vector<uint64_t> energy_weights(size_t slots) { return std::vector<uint64_t>(slots, 1); }

uint64_t bill_amount(Int128 value) {
  TL_CHECK(value >= 0);
  const Int128 amount = value / kWhPerMwh;
  TL_CHECK(amount <= UINT64_MAX);
  return static_cast<uint64_t>(amount);
}

Result<TotalOpening> make_total(const TotalStatement& statement, std::span<const Opening> openings,
                                const Signer& signer, const seal::PublicKey& audience) {
  if (Status shape = check_statement(statement); !shape) return shape.error();
  TL_CHECK(openings.size() == statement.slots.size());
  const Sum sum = sum_of(statement);
  TotalOpening out;
  out.value = sum.substituted;
  std::vector<Blinding> blindings;
  for (size_t i = 0; i < openings.size(); ++i) {
    if (!statement.slots[i].commitment) continue;
    out.value += static_cast<Int128>(statement.weights[i]) * openings[i].value;
    blindings.push_back(openings[i].blinding);
  }
  Result<Blinding> blinding = combine(blindings, sum.weights);
  if (!blinding) return blinding.error();
  out.blinding = *blinding;
  Result<Commitment> total = combine(sum.commitments, sum.weights, sum.substituted);
  if (!total) return total.error();
  if (!opens(*total, out.value, out.blinding))
    return Error{"bad_total", "these openings are not those of the statement's commitments"};
  out.signature = signer.sign(opening_digest(statement, out, audience).view());
  return out;
}

Status check_total(const TotalStatement& statement, const TotalOpening& opening, const Verifier& verifier,
                   const seal::PublicKey& audience) {
  if (Status shape = check_statement(statement); !shape) return shape;
  if (!verifier.verify(statement.pseudonym, opening_digest(statement, opening, audience).view(), opening.signature))
    return Error{"bad_signature", "the total is not signed by its pseudonym, for those who are to see it"};
  const Sum sum = sum_of(statement);
  const Result<Commitment> total = combine(sum.commitments, sum.weights, sum.substituted);
  if (!total) return total.error();
  // An amount above 64 bits of micro-currency is no bill.
  if (opening.value < 0 || opening.value / kWhPerMwh > UINT64_MAX || !opens(*total, opening.value, opening.blinding))
    return Error{"bad_total", "the total is not what the commitments add up to"};
  return {};
}

Result<seal::Sealed> seal_total(const TotalStatement& statement, const TotalOpening& opening,
                                const seal::PublicKey& biller, const Secret& seed) {
  return seal::seal(biller, seed, info_of(statement), ByteView{}, encoded(opening));
}

Result<TotalOpening> open_total(const TotalStatement& statement, const seal::Sealed& sealed, const seal::SecretKey& key,
                                const Verifier& verifier) {
  const Result<Bytes> plain = key.open(sealed, info_of(statement), ByteView{});
  if (!plain) return plain.error();
  Result<TotalOpening> opening = decoded<TotalOpening>(*plain, "total");
  if (!opening) return opening.error();
  if (Status right = check_total(statement, *opening, verifier, key.public_key()); !right) return right.error();
  return *opening;
}

Status check_public_opening(const TotalStatement& statement, std::span<const OpeningSet> sets) {
  const auto set = std::ranges::find(sets, statement.set, &OpeningSet::id);
  if (set == sets.end()) return Error{"unknown_set", "genesis names no such set of slots"};
  if (Status shape = check_statement(statement); !shape) return shape;
  if (statement.slots.size() != set->slots)
    return Error{"bad_statement", "a set is opened whole: this statement has another number of slots"};
  std::map<uint64_t, uint32_t> at_price;  // committed slots: a substituted one is public and hides nobody
  for (size_t i = 0; i < statement.slots.size(); ++i)
    if (statement.slots[i].commitment) ++at_price[statement.weights[i]];
  for (const auto& [price, slots] : at_price)
    if (price != 0 && slots < kOpeningSlotsMin)
      return Error{"few_slots_at_a_price", "fewer than 96 measured slots have the price " + std::to_string(price) +
                                               ": the sum could be solved for them"};
  return {};
}

Status PublicOpenings::may_open(const TotalStatement& statement, std::span<const OpeningSet> sets) const {
  if (Status right = check_public_opening(statement, sets); !right) return right;
  if (open_.contains(Key{statement.pseudonym, static_cast<uint8_t>(statement.obis), statement.set}))
    return Error{"already_open", "this set was opened before: a second total could be subtracted from the first"};
  return {};
}

void PublicOpenings::note_open(const TotalStatement& statement) {
  const bool first = open_.emplace(statement.pseudonym, static_cast<uint8_t>(statement.obis), statement.set).second;
  TL_CHECK_MSG(first, "a set is opened to the public once");
}

}  // namespace tieline::energy
