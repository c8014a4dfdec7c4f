#pragma once
// Totals of a private metering point: what it drew over a set of intervals, and what that costs, opened without any
// single reading. Commitments add up, so the point shows (sum p_i v_i, sum p_i r_i), and anyone with the chain's
// commitments checks sum(p_i C_i). All p_i = 1: the energy in Wh. Prices in micro-currency per MWh: the bill, rounded
// once, at the end.
//
// A total goes sealed to the biller, and what the point signs names whose sealing key it is for: so a biller cannot
// make the total it was shown public. It may be opened to the public at the owner's wish, under rules that keep single
// readings out of reach: only whole sets that genesis names, disjoint and of at least kOpeningSlotsMin slots, each
// opened at most once; and every price of the tariff must hold for that many slots of the set, because a sum with few
// slots under a price of their own can be solved for them. What was corrected after an opening goes only to the biller:
// the difference would be a reading. Source: ENERGY.md ("Privacy", "Totals"), paper 000 section I.

#include <optional>
#include <set>
#include <tuple>

#include "energy/private_reading.h"
#include "model/genesis_private.h"

namespace tieline::energy {

using tieline::check_opening_sets;
using tieline::kOpeningSlotsMax;
using tieline::kOpeningSlotsMin;
using tieline::OpeningSet;  // as genesis names them

inline constexpr uint64_t kTariffPriceMax = 1'000'000'000'000;  // micro-currency per MWh
inline constexpr uint64_t kWhPerMwh = 1'000'000;

// One slot as the chain holds it: a commitment, or the public value substituted for one that never came.
struct SlotValue {
  std::optional<Commitment> commitment;
  uint64_t substituted_wh = 0;
};

struct TotalStatement {
  ChainId chain;
  Pseudonym pseudonym;
  Obis obis = Obis::kImport;
  uint32_t set = 0;
  std::vector<SlotValue> slots;   // all of the set's, in order
  std::vector<uint64_t> weights;  // one a slot: 1, or a price up to kTariffPriceMax
};
Hash total_digest(const TotalStatement& statement);

// What opens a total. 112 bytes with the pseudonym's signature over it.
struct TotalOpening {
  Int128 value = 0;  // sum(weight x Wh), at least 0
  Blinding blinding;
  Signature signature;
  bool operator==(const TotalOpening&) const = default;
};
void encode(Writer& w, const TotalOpening& t);
void decode(Reader& r, TotalOpening& t);

// Whom an opening is for: a biller's sealing key, or everybody.
inline constexpr seal::PublicKey kPublicTotal{};  // no sealing key: nothing can be sealed to it

std::vector<uint64_t> energy_weights(size_t slots);  // all 1
uint64_t bill_amount(Int128 value);                  // floor(value / 10^6) in micro-currency

// `openings`: one a slot; that of a substituted slot is ignored. `audience`: the biller that it is sealed to then
// (seal_total). Error "bad_total": it does not open the statement.
Result<TotalOpening> make_total(const TotalStatement& statement, std::span<const Opening> openings,
                                const Signer& signer, const seal::PublicKey& audience = kPublicTotal);
// Errors: bad_statement (sizes or weights), bad_commitment, bad_signature (also: meant for another audience),
// bad_total.
Status check_total(const TotalStatement& statement, const TotalOpening& opening, const Verifier& verifier,
                   const seal::PublicKey& audience = kPublicTotal);

// `opening`: made for this biller; another's it cannot open.
Result<seal::Sealed> seal_total(const TotalStatement& statement, const TotalOpening& opening,
                                const seal::PublicKey& biller, const Secret& seed);
// Opens and checks. Errors: does_not_open, and those of check_total.
Result<TotalOpening> open_total(const TotalStatement& statement, const seal::Sealed& sealed, const seal::SecretKey& key,
                                const Verifier& verifier);

// Whether a total may be opened to the public, if its set was never opened before. Errors: unknown_set, bad_statement,
// few_slots_at_a_price.
Status check_public_opening(const TotalStatement& statement, std::span<const OpeningSet> sets);

// Which sets are open to the public.
class PublicOpenings {
 public:
  // Errors: those of check_public_opening, already_open.
  Status may_open(const TotalStatement& statement, std::span<const OpeningSet> sets) const;
  void note_open(const TotalStatement& statement);  // one that may_open let pass and check_total accepted

 private:
  using Key = std::tuple<Pseudonym, uint8_t, uint32_t>;  // pseudonym, OBIS code, set
  std::set<Key> open_;
};

}  // namespace tieline::energy
