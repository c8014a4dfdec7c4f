#include "energy/private_total.h"

#include <gtest/gtest.h>

#include "energy/private_gap.h"
#include "private_testing.h"

namespace tieline::energy {
namespace {

using testing::kChain;
using testing::kNoon;
using testing::secret_of;
using testing::signer_of;

std::string code(const Status& status) { return status ? "" : status.error().code; }

// A day of one point, with three gaps, and two prices in alternation of 96 slots each over two days.
struct Day {
  explicit Day(uint32_t slots = 192) {
    statement = {kChain, pseudonym.public_key(), Obis::kImport, 5, {}, energy_weights(slots)};
    for (uint32_t i = 0; i < slots; ++i) {
      const PrivateContext context{kChain, pseudonym.public_key(), Obis::kImport, kNoon + 900 * i, 900, 0};
      const Opening opening = {40 + 7 * (i % 50), reading_blinding(meter_secret, context)};
      openings.push_back(opening);
      statement.slots.push_back({commit(opening.value, opening.blinding).value(), 0});
      energy += opening.value;
    }
  }
  void substitute(size_t slot, uint64_t wh) {
    energy = energy - openings[slot].value + wh;
    statement.slots[slot] = {std::nullopt, wh};
  }
  TotalOpening total(const seal::PublicKey& audience = kPublicTotal) const {
    return make_total(statement, openings, pseudonym, audience).value();
  }

  Secret meter_secret = secret_of("meter");
  Ed25519Signer pseudonym = signer_of("pseudonym");
  Ed25519Verifier verifier;
  seal::SecretKey biller = seal::SecretKey::derive(secret_of("biller"));
  TotalStatement statement;
  std::vector<Opening> openings;
  uint64_t energy = 0;
};

TEST(PrivateTotal, OpensTheSumOfADayWithGapsAndNoSingleReading) {
  Day day;
  day.substitute(3, substituted_wh(11'000, 900, 100'000));
  day.substitute(4, 0);
  day.substitute(90, 2'750);
  const TotalOpening total = day.total();
  EXPECT_EQ(total.value, static_cast<Int128>(day.energy));
  EXPECT_EQ(code(check_total(day.statement, total, day.verifier)), "");
  for (const Opening& opening : day.openings) EXPECT_NE(total.blinding, opening.blinding);
}

TEST(PrivateTotal, TheBytesOfAnOpeningArePinned) {
  Day day;
  day.substitute(3, 343);
  EXPECT_EQ(to_hex(sha256(encoded(day.total()))), "085611e85e93460f2f1bcec6df19644d1c389c087bfd4482b9ca439d9bb07475");
}

TEST(PrivateTotal, ABillIsTheWeightedSumRoundedOnce) {
  Day day;
  Int128 expected = 0;
  uint64_t rounded_each = 0;
  for (size_t i = 0; i < day.statement.weights.size(); ++i) {
    day.statement.weights[i] = i < 96 ? 211'000'333 : 89'999'999;
    const Int128 leg = static_cast<Int128>(day.statement.weights[i]) * day.openings[i].value;
    expected += leg;
    rounded_each += bill_amount(leg);
  }
  const TotalOpening total = day.total();
  EXPECT_EQ(total.value, expected);
  EXPECT_EQ(code(check_total(day.statement, total, day.verifier)), "");
  EXPECT_EQ(bill_amount(total.value), static_cast<uint64_t>(expected / 1'000'000));
  EXPECT_GT(bill_amount(total.value), rounded_each) << "rounding each leg would have lost money";
  EXPECT_EQ(bill_amount(999'999), 0u);
  EXPECT_EQ(bill_amount(1'000'000), 1u);
}

TEST(PrivateTotal, NoOtherValueBlindingTariffOrSlotPasses) {
  const Day day;
  const TotalOpening right = day.total();
  const auto refusal = [&](auto change, bool sign_again = true) {
    TotalStatement statement = day.statement;
    TotalOpening opening = right;
    change(statement, opening);
    if (sign_again) {
      // The pseudonym itself lies: it signs what it says.
      Writer w;
      encode(w, kPublicTotal);
      w.u64(static_cast<uint64_t>(opening.value));
      w.u64(static_cast<uint64_t>(opening.value >> 64));
      encode(w, opening.blinding);
      opening.signature = day.pseudonym.sign(
          tagged_hash("tieline/private-total-opening/2", {total_digest(statement).view(), w.view()}).view());
    }
    return code(check_total(statement, opening, day.verifier));
  };
  EXPECT_EQ(refusal([](auto&, auto&) {}), "");
  EXPECT_EQ(refusal([](auto&, TotalOpening& o) { o.value -= 1; }), "bad_total");
  EXPECT_EQ(refusal([](auto&, TotalOpening& o) { o.value = -o.value; }), "bad_total");
  EXPECT_EQ(refusal([](auto&, TotalOpening& o) { o.blinding.bytes[0] ^= 1; }), "bad_total");
  EXPECT_EQ(refusal([](auto&, TotalOpening& o) { o.blinding.bytes.fill(0xff); }), "bad_total");
  EXPECT_EQ(refusal([](TotalStatement& s, auto&) { s.weights[7] = 2; }), "bad_total");
  EXPECT_EQ(refusal([](TotalStatement& s, auto&) { s.weights.pop_back(); }), "bad_statement");
  EXPECT_EQ(refusal([](TotalStatement& s, auto&) { s.weights[7] = kTariffPriceMax + 1; }), "bad_statement");
  EXPECT_EQ(refusal([](TotalStatement& s, auto&) { s.slots[7] = {std::nullopt, 1}; }), "bad_total");
  EXPECT_EQ(refusal([](TotalStatement& s, auto&) {
              s.slots[7] = {std::nullopt, kPrivateCapMax + 1};
            }),
            "bad_statement");
  EXPECT_EQ(refusal([](TotalStatement& s, auto&) { s.slots[7].commitment = s.slots[8].commitment; }), "bad_total");
  EXPECT_EQ(refusal([](TotalStatement& s, auto&) { s.slots[7].commitment = Commitment{}; }), "bad_commitment");
  EXPECT_EQ(refusal([](TotalStatement& s, auto&) { s.set = 6; }, false), "bad_signature");
  EXPECT_EQ(refusal([](TotalStatement& s, auto&) { s.obis = Obis::kExport; }, false), "bad_signature");
  EXPECT_EQ(refusal([](TotalStatement& s, auto&) { s.chain.bytes[0] ^= 1; }, false), "bad_signature");
  EXPECT_EQ(refusal([](auto&, TotalOpening& o) { o.value += 1; }, false), "bad_signature");
}

TEST(PrivateTotal, GoesSealedToTheBillerAloneAndForItsOwnStatement) {
  const Day day;
  const TotalOpening total = day.total(day.biller.public_key());
  const seal::Sealed sealed = seal_total(day.statement, total, day.biller.public_key(), secret_of("a seed")).value();
  EXPECT_EQ(sealed.cipher.size(), 112u + seal::kTagSize);
  EXPECT_EQ(open_total(day.statement, sealed, day.biller, day.verifier).value(), total);
  const auto other = seal::SecretKey::derive(secret_of("other"));
  EXPECT_EQ(open_total(day.statement, sealed, other, day.verifier).error().code, "does_not_open");
  TotalStatement corrected = day.statement;
  corrected.slots[1] = corrected.slots[2];
  EXPECT_EQ(open_total(corrected, sealed, day.biller, day.verifier).error().code, "does_not_open");
}

TEST(PrivateTotal, TheBillerCannotPublishWhatWasOpenedForItNorPassItOn) {
  const Day day;
  const auto other = seal::SecretKey::derive(secret_of("other"));
  const TotalOpening shown = day.total(day.biller.public_key());
  EXPECT_EQ(code(check_total(day.statement, shown, day.verifier, day.biller.public_key())), "");
  EXPECT_EQ(code(check_total(day.statement, shown, day.verifier)), "bad_signature") << "not meant for everybody";
  const seal::Sealed passed_on = seal_total(day.statement, shown, other.public_key(), secret_of("a seed")).value();
  EXPECT_EQ(open_total(day.statement, passed_on, other, day.verifier).error().code, "bad_signature");
  EXPECT_EQ(code(check_total(day.statement, day.total(), day.verifier, day.biller.public_key())), "bad_signature")
      << "what is public is no bill of its own";
  EXPECT_FALSE(seal_total(day.statement, day.total(), kPublicTotal, secret_of("a seed")).ok());
}

TEST(PrivateTotal, OpeningsOfOtherCommitmentsMakeNoTotal) {
  Day day;
  day.openings[0].value += 1;
  const auto refused = make_total(day.statement, day.openings, day.pseudonym);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "bad_total");
}

TEST(PrivateTotal, SetsOfSlotsAreDisjointAlignedAndHaveADayAtLeast) {
  const OpeningSet first{1, kNoon, 96};
  EXPECT_EQ(code(check_opening_sets(std::vector{first, OpeningSet{2, kNoon + 96 * 900, 2'880}})), "");
  EXPECT_EQ(code(check_opening_sets(std::vector{OpeningSet{1, kNoon, 95}})), "small_set");
  EXPECT_EQ(code(check_opening_sets(std::vector{OpeningSet{1, kNoon, kOpeningSlotsMax + 1}})), "small_set");
  EXPECT_EQ(code(check_opening_sets(std::vector{OpeningSet{1, kNoon + 1, 96}})), "misaligned_interval");
  EXPECT_EQ(code(check_opening_sets(std::vector{OpeningSet{1, -900, 96}})), "misaligned_interval");
  EXPECT_EQ(code(check_opening_sets(std::vector{first, OpeningSet{2, kNoon + 95 * 900, 96}})), "overlap");
  EXPECT_EQ(code(check_opening_sets(std::vector{first, OpeningSet{1, kNoon + 96 * 900, 96}})), "overlap");
  EXPECT_EQ(code(check_opening_sets(std::vector{first, OpeningSet{2, kNoon - 96 * 900, 96}})), "overlap");
}

TEST(PrivateTotal, IsOpenedToThePublicOnceWholeAndUnderPricesThatHideManySlots) {
  const std::vector<OpeningSet> sets = {{5, kNoon, 192}, {6, kNoon + 192 * 900, 192}};
  const Day day;
  PublicOpenings openings;
  EXPECT_EQ(code(openings.may_open(day.statement, sets)), "");

  TotalStatement statement = day.statement;
  statement.set = 7;
  EXPECT_EQ(code(openings.may_open(statement, sets)), "unknown_set");
  statement = day.statement;
  statement.slots.pop_back();
  statement.weights.pop_back();
  EXPECT_EQ(code(openings.may_open(statement, sets)), "bad_statement");
  // One slot under a price of its own: the rest could be divided out.
  statement = day.statement;
  statement.weights[7] = 1'000'000;
  EXPECT_EQ(code(openings.may_open(statement, sets)), "few_slots_at_a_price");
  for (size_t i = 0; i < 96; ++i) statement.weights[i] = 1'000'000;
  EXPECT_EQ(code(openings.may_open(statement, sets)), "");
  // A gap is public: it does not count among those who hide.
  statement.slots[0] = {std::nullopt, 5};
  EXPECT_EQ(code(openings.may_open(statement, sets)), "few_slots_at_a_price");

  openings.note_open(day.statement);
  EXPECT_EQ(code(openings.may_open(day.statement, sets)), "already_open");
  TotalStatement corrected = day.statement;
  corrected.slots[3].commitment = corrected.slots[4].commitment;
  EXPECT_EQ(code(openings.may_open(corrected, sets)), "already_open") << "the difference would be a reading";
  corrected.set = 6;
  EXPECT_EQ(code(openings.may_open(corrected, sets)), "");
  corrected.set = 5;
  corrected.obis = Obis::kExport;
  EXPECT_EQ(code(openings.may_open(corrected, sets)), "");
}

}  // namespace
}  // namespace tieline::energy
