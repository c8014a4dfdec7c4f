// What is said about private readings on the chain: forged payloads, complaints and what becomes of them, totals opened
// to the public, and balances of a distributor.

#include <gtest/gtest.h>

#include "private_chain.h"

namespace tieline::testing {
namespace {

using energy::PrivateRecord;

uint32_t refused_today(const PrivateChain& c, ParticipantId who) {
  return c.market().participants().at(who).trust.day.refused;
}

// A record whose first payload, for the distributor, says 1 Wh: signed by the pseudonym, and not what it commits to.
struct Forged {
  PrivateRecord record;
  energy::ForgeryProof proof;
};
Forged forged(const PrivateChain& c, size_t point, uint32_t slot = kSlotNow) {
  Forged out{c.record(point, 600, slot), {}};
  energy::PrivateReading& reading = out.record.readings[0];
  const energy::PrivateContext context = c.context(out.record);
  const energy::Receiver to = c.receivers()[0];
  energy::PrivatePayload payload{1, energy::reading_blinding(c.secrets[point], context), {}};
  const Hash digest = energy::payload_digest(context, reading.commitment, to.key, payload.wh, payload.blinding);
  payload.signature = c.signers[point].sign(digest.view());
  reading.sealed[0].payload =
      energy::seal_payload(context, reading.commitment, to, payload, secret_of("encapsulation")).value();
  c.sign(out.record, point);
  out.proof = energy::forgery_proof(context, reading.commitment, to.key, payload);
  return out;
}

TEST(PrivateClaims, AForgedPayloadIsProvenByItsReceiverAndVoidsTheReading) {
  PrivateChain c;
  c.start();
  const Forged f = forged(c, 0);
  ASSERT_EQ(c.put(f.record), TxCode::ok) << "validators cannot see it";
  const auto opened = energy::open_payload(c.ledger.chain(), f.record.pseudonym, f.record.readings[0], kDistributor,
                                           c.distributor_seal, c.verifier);
  ASSERT_TRUE(opened.ok());
  ASSERT_EQ(opened->verdict, energy::PayloadVerdict::kForged);
  ASSERT_EQ(c.put(c.record(1, 5)), TxCode::ok);

  energy::ForgeryProof bad = f.proof;
  bad.payload.wh = 2;
  EXPECT_EQ(c.put(bad, {kDistributor}), TxCode::bad_inner_signature) << "the pseudonym never said so";
  bad = f.proof;
  bad.context.pseudonym = c.signers[1].public_key();
  EXPECT_EQ(c.put(bad, {kDistributor}), TxCode::not_forged) << "of another pseudonym, whose commitment is another";
  bad.commitment = c.entry(1)->commitment;
  EXPECT_EQ(c.put(bad, {kDistributor}), TxCode::bad_inner_signature);
  bad = f.proof;
  bad.context.start_s += 900;
  EXPECT_EQ(c.put(bad, {kDistributor}), TxCode::unknown_reading);
  bad = f.proof;
  bad.context.version = 1;
  EXPECT_EQ(c.put(bad, {kDistributor}), TxCode::other_version);
  bad = f.proof;
  bad.context.chain.bytes[0] ^= 1;
  EXPECT_EQ(c.put(bad, {kDistributor}), TxCode::unknown_reading) << "of another chain";
  EXPECT_EQ(c.pseudonym(0).faults, 0u);

  EXPECT_EQ(c.put(f.proof), TxCode::not_authorised) << "by somebody who was sealed nothing";
  EXPECT_EQ(c.put(f.proof, {kDistributor}), TxCode::ok);
  EXPECT_TRUE(c.entry(0)->is_void);
  EXPECT_EQ(c.pseudonym(0).faults, 1u);
  EXPECT_EQ(c.put(f.proof, {kDistributor}), TxCode::reading_state) << "once";

  EXPECT_EQ(c.put(c.record(0, 600, kSlotNow, 1)), TxCode::not_authorised) << "it records nothing alone any more";
  EXPECT_EQ(c.put(c.record(0, 600, kSlotNow, 1), {kDistributor}), TxCode::ok);
  EXPECT_FALSE(c.entry(0)->is_void);
}

TEST(PrivateClaims, AnHonestReadingIsNoForgery) {
  PrivateChain c;
  c.start();
  const PrivateRecord record = c.record(0, 600);
  ASSERT_EQ(c.put(record), TxCode::ok);
  const auto opened = energy::open_payload(c.ledger.chain(), record.pseudonym, record.readings[0], kDistributor,
                                           c.distributor_seal, c.verifier);
  const energy::ForgeryProof proof = energy::forgery_proof(c.context(record), record.readings[0].commitment,
                                                           c.distributor_seal.public_key(), opened->payload);
  EXPECT_EQ(c.put(proof, {kDistributor}), TxCode::not_forged);
  EXPECT_EQ(c.pseudonym(0).faults, 0u);
}

TEST(PrivateClaims, APointCannotConvictItselfToGetThePublicValue) {
  PrivateChain c;
  c.start();
  const PrivateRecord record = c.record(0, 2'500);  // more than is substituted
  ASSERT_EQ(c.put(record), TxCode::ok);
  const energy::PrivateContext context = c.context(record);
  const Commitment& commitment = record.readings[0].commitment;
  energy::PrivatePayload lie{1, energy::reading_blinding(c.secrets[0], context), {}};
  const seal::PublicKey own = c.owner_seal.public_key();
  lie.signature = c.signers[0].sign(energy::payload_digest(context, commitment, own, lie.wh, lie.blinding).view());
  const energy::ForgeryProof proof = energy::forgery_proof(context, commitment, own, lie);
  EXPECT_EQ(c.put(proof, {kBuyer}), TxCode::not_authorised);
  EXPECT_FALSE(c.entry(0)->is_void);
  EXPECT_EQ(c.pseudonym(0).faults, 0u);
}

struct Complained {
  explicit Complained(PrivateChain& chain) : c(chain) {
    c.start();
    record = c.record(0, 600);
    EXPECT_EQ(c.put(record), TxCode::ok);
    complaint = made(kDistributor);
    digest = energy::complaint_digest(complaint);
  }
  energy::Complaint made(ParticipantId by) const {
    return energy::make_complaint(c.context(record), record.readings[0].commitment, by, participant_key(by));
  }
  ComplaintRecord kept() const {
    return state::must_read<ComplaintRecord>(c.view(), state::key_of(complaint_name(digest)), "test");
  }
  energy::Answer answer(ParticipantId regulator = kRegulating) const {
    const energy::PrivateContext context = c.context(record);
    const Commitment& commitment = record.readings[0].commitment;
    const energy::Receiver to = c.receivers()[0];
    energy::PrivatePayload payload{600, energy::reading_blinding(c.secrets[0], context), {}};
    payload.signature =
        c.signers[0].sign(energy::payload_digest(context, commitment, to.key, 600, payload.blinding).view());
    const energy::Reveal reveal = energy::make_reveal(
        complaint, energy::encapsulation_seed(c.secrets[0], context, commitment, to.key), payload, c.signers[0]);
    return energy::make_answer(reveal, {regulator, c.regulator_seal.public_key()}, secret_of("answer"), c.signers[0])
        .value();
  }
  PrivateChain& c;
  PrivateRecord record;
  energy::Complaint complaint;
  Hash digest;
};

TEST(PrivateClaims, AComplaintIsOfAReceiverAboutItsOwnReadingOnce) {
  PrivateChain c;
  Complained f(c);
  EXPECT_EQ(c.put(f.made(kBuyer)), TxCode::not_authorised) << "nothing is sealed to it";
  energy::Complaint bad = f.complaint;
  bad.receiver = kRegulating;
  EXPECT_EQ(c.put(bad), TxCode::bad_inner_signature) << "in another receiver's name";
  bad = f.complaint;
  bad.commitment.bytes[3] ^= 1;
  EXPECT_EQ(c.put(bad), TxCode::unknown_reading);
  bad = f.complaint;
  bad.context.version = 1;
  EXPECT_EQ(c.put(bad), TxCode::other_version);
  bad = f.complaint;
  bad.context.chain.bytes[0] ^= 1;
  EXPECT_EQ(c.put(bad), TxCode::unknown_reading);

  EXPECT_EQ(c.put(f.complaint), TxCode::ok) << "carried by anyone";
  EXPECT_EQ(f.kept().state, ComplaintState::kOpen);
  EXPECT_EQ(c.put(f.complaint), TxCode::complaint_state);
  EXPECT_EQ(c.put(f.made(kRegulating)), TxCode::complaint_state) << "one at a time";
  EXPECT_EQ(c.put(c.record(0, 1, kSlotNow, 1), {kDistributor}), TxCode::complaint_state) << "and no way around it";
  EXPECT_EQ(c.put(energy::PrivateRuling{f.digest, true}, {kRegulating}), TxCode::complaint_state)
      << "the regulator has seen nothing yet";
}

TEST(PrivateClaims, TheMetersAnswerIsReadByTheRegulatorWhoFindsTheComplaintFalse) {
  PrivateChain c;
  Complained f(c);
  ASSERT_EQ(c.put(f.complaint), TxCode::ok);
  energy::Answer bad = f.answer();
  bad.signature = c.signers[1].sign(energy::answer_digest(bad).view());
  EXPECT_EQ(c.put(bad), TxCode::bad_inner_signature) << "somebody else cannot use its answer up";
  bad = f.answer();
  bad.complaint.bytes[0] ^= 1;
  EXPECT_EQ(c.put(bad), TxCode::complaint_state);
  const energy::Answer answer = f.answer();
  EXPECT_EQ(c.put(answer), TxCode::ok);
  EXPECT_EQ(c.put(answer), TxCode::complaint_state);
  c.after(kSlotNow, 30 * kHourMs);
  EXPECT_TRUE(stands(*c.entry(0), nullptr, c.tip.time_ms));

  const auto reveal = energy::open_answer(answer, c.regulator_seal);
  ASSERT_TRUE(reveal.ok()) << reveal.error().why;
  EXPECT_FALSE(energy::open_answer(answer, c.owner_seal).ok()) << "it holds the reading";
  const PlainSigner by = participant_key(kDistributor);
  const energy::ComplaintCase on_chain{c.context(f.record), &f.record.readings[0], c.receivers()[0], by.public_key(),
                                       0};
  EXPECT_EQ(energy::rule(on_chain, f.complaint, *reveal, 0, c.verifier), energy::ComplaintRuling::kFalseComplaint);

  EXPECT_EQ(c.put(energy::PrivateRuling{f.digest, false}, {kDistributor}), TxCode::not_authorised);
  const uint32_t before = refused_today(c, kDistributor);
  EXPECT_EQ(c.put(energy::PrivateRuling{f.digest, false}, {kRegulating}), TxCode::ok);
  EXPECT_EQ(refused_today(c, kDistributor), before + kFalseComplaintWeight) << "false complaints cost trust";
  EXPECT_EQ(f.kept().state, ComplaintState::kFalse);
  EXPECT_FALSE(c.entry(0)->complaint.has_value());
  EXPECT_EQ(c.pseudonym(0).faults, 0u);
  EXPECT_EQ(c.put(energy::PrivateRuling{f.digest, true}, {kRegulating}), TxCode::complaint_state) << "ruled once";
  EXPECT_EQ(c.put(f.complaint), TxCode::complaint_state) << "and not again by the same receiver";
  EXPECT_EQ(c.put(f.made(kRegulating)), TxCode::ok) << "another one may";
}

TEST(PrivateClaims, OnlyTheRegulatorThatTheAnswerIsSealedToRules) {
  constexpr ParticipantId kSecondRegulator = 8;
  Genesis g = private_genesis();
  GenesisParticipant second = g.participants.at(kRegulating - 1);
  second.id = kSecondRegulator;
  second.name = "second regulator";
  second.key = participant_key(kSecondRegulator).public_key();
  g.participants.push_back(second);
  MarketMember member = g.market->members.at(kRegulating - 1);
  member.participant = kSecondRegulator;
  member.org = static_cast<OrgId>(100 + kSecondRegulator);
  member.bls_key = participant_key(kSecondRegulator).bls_key();
  g.market->members.push_back(member);
  PrivateChain c(g);
  Complained f(c);
  ASSERT_EQ(c.put(f.complaint), TxCode::ok);
  EXPECT_EQ(c.put(f.answer(kDistributor)), TxCode::not_authorised) << "no regulator";
  EXPECT_EQ(c.put(f.answer(99)), TxCode::not_authorised) << "nobody at all";
  energy::Answer bad = f.answer();
  bad.regulator = kSecondRegulator;
  EXPECT_EQ(c.put(bad), TxCode::bad_inner_signature) << "passed on to one who cannot open it";
  ASSERT_EQ(c.put(f.answer()), TxCode::ok);
  EXPECT_EQ(f.kept().regulator, kRegulating);
  EXPECT_EQ(c.put(energy::PrivateRuling{f.digest, true}, {kSecondRegulator}), TxCode::not_authorised)
      << "who opened nothing";
  EXPECT_EQ(c.pseudonym(0).faults, 0u);
  EXPECT_EQ(c.put(energy::PrivateRuling{f.digest, false}, {kRegulating}), TxCode::ok);
}

TEST(PrivateClaims, AMeterAtFaultLosesTheReading) {
  PrivateChain c;
  Complained f(c);
  ASSERT_EQ(c.put(f.complaint), TxCode::ok);
  ASSERT_EQ(c.put(f.answer()), TxCode::ok);
  EXPECT_EQ(c.put(energy::PrivateRuling{f.digest, true}, {kRegulating}), TxCode::ok);
  EXPECT_TRUE(c.entry(0)->is_void);
  EXPECT_EQ(c.pseudonym(0).faults, 1u);
  EXPECT_EQ(f.kept().state, ComplaintState::kMeterAtFault);
  EXPECT_EQ(refused_today(c, kDistributor), 0u);
}

TEST(PrivateClaims, SilenceMakesTheReadingMissingAndNoMeterReplacesItAlone) {
  PrivateChain c;
  Complained f(c);
  ASSERT_EQ(c.put(f.complaint), TxCode::ok);
  const int64_t since = f.kept().since_ms;
  c.until(since + energy::kRevealMs);
  const ComplaintRecord kept = f.kept();
  EXPECT_TRUE(stands(*c.entry(0), &kept, c.tip.time_ms));
  c.until(since + energy::kRevealMs + 1);
  EXPECT_FALSE(stands(*c.entry(0), &kept, c.tip.time_ms));
  EXPECT_EQ(c.put(f.answer()), TxCode::too_late);
  EXPECT_EQ(c.pseudonym(0).faults, 0u) << "silence is no forgery";
  EXPECT_EQ(c.put(c.record(0, 1, kSlotNow, 1)), TxCode::rank_not_raised)
      << "an accomplice complains, the meter keeps silent and records less";
  c.after(kSlotNow, 48 * kHourMs);
  EXPECT_EQ(c.put(c.record(0, 1, kSlotNow, 1)), TxCode::rank_not_raised) << "nor later";
  EXPECT_EQ(c.put(c.record(0, 600, kSlotNow, 1), {kDistributor}), TxCode::ok);
  EXPECT_TRUE(stands(*c.entry(0), nullptr, c.tip.time_ms));
}

TEST(PrivateClaims, AComplaintThatIsNotRuledInTimeIsClosedAndTheReadingStands) {
  PrivateChain c;
  Complained f(c);
  ASSERT_EQ(c.put(f.complaint), TxCode::ok);
  ASSERT_EQ(c.put(f.answer()), TxCode::ok);
  const int64_t since = f.kept().since_ms;
  c.until(since + energy::kRulingMs - 10'000);
  EXPECT_EQ(c.put(c.record(0, 1, kSlotNow, 1), {kDistributor}), TxCode::complaint_state) << "not past it";
  c.until(since + energy::kRulingMs + 1);
  EXPECT_EQ(c.put(energy::PrivateRuling{f.digest, true}, {kRegulating}), TxCode::too_late);
  EXPECT_FALSE(c.entry(0)->is_void);
  const ComplaintRecord kept = f.kept();
  EXPECT_TRUE(stands(*c.entry(0), &kept, c.tip.time_ms));
  EXPECT_EQ(c.put(f.complaint), TxCode::complaint_state) << "not by the same receiver";
  EXPECT_EQ(c.put(f.made(kRegulating)), TxCode::ok) << "it is in nobody's way any more";
}

TEST(PrivateClaims, NothingIsComplainedOfThatCouldNotBeRuledOnBeforeItIsFinal) {
  PrivateChain c;
  Complained f(c);
  const int64_t last = private_slot_end_ms(kSlotNow) + 60 * kDayMs - energy::kRevealMs - energy::kRulingMs;
  c.until(last);
  EXPECT_EQ(c.put(f.complaint), TxCode::too_late);
  c.after(kSlotNow, 60 * kDayMs - kHourMs);
  EXPECT_TRUE(stands(*c.entry(0), nullptr, c.tip.time_ms)) << "and no silence makes it missing";

  PrivateChain in_time;
  Complained g(in_time);
  in_time.until(last - 60'000);
  EXPECT_EQ(in_time.put(g.complaint), TxCode::ok);
  in_time.until(last - 60'000 + energy::kRevealMs);
  EXPECT_EQ(in_time.put(g.answer()), TxCode::ok);
  in_time.until(last - 60'000 + energy::kRevealMs + energy::kRulingMs);
  EXPECT_EQ(in_time.put(energy::PrivateRuling{g.digest, true}, {kRegulating}), TxCode::ok) << "just before it is final";
}

TEST(PrivateClaims, WhatIsFinalLeavesTheState) {
  PrivateChain c;
  Complained f(c);
  ASSERT_EQ(c.put(f.complaint), TxCode::ok);
  ASSERT_EQ(c.put(f.answer()), TxCode::ok);
  ASSERT_EQ(c.put(energy::PrivateRuling{f.digest, false}, {kRegulating}), TxCode::ok);
  ASSERT_EQ(c.put(c.record(1, 5, kSlotNow, 0, Obis::kExport)), TxCode::ok);
  c.after(kSlotNow + 1, 0);
  ASSERT_EQ(c.put(c.record(0, 7, kSlotNow + 1)), TxCode::ok);
  const auto complained = [&] { return c.view().get(state::key_of(complaint_name(f.digest))).has_value(); };
  c.after(kSlotNow, 60 * kDayMs - 1);
  EXPECT_TRUE(c.entry(0).has_value() && complained());
  c.after(kSlotNow, 60 * kDayMs);
  c.add({});
  EXPECT_FALSE(c.entry(0).has_value());
  EXPECT_FALSE(c.entry(1, kSlotNow, Obis::kExport).has_value());
  EXPECT_FALSE(complained());
  EXPECT_TRUE(c.entry(0, kSlotNow + 1).has_value()) << "the next one is not final yet";
  EXPECT_EQ(c.put(c.record(0, 600)), TxCode::too_late) << "and does not come back";
  ASSERT_EQ(c.duty().periods.size(), 1u);
  EXPECT_EQ(c.duty().periods[0].drops, kSlotNow + 1);

  c.until(PrivateChain::kPeriod.end_s * 1'000 + 60 * kDayMs);
  for (size_t i = 0; i <= 192 / kPrivateDropsPerBlock; ++i) c.add({});
  EXPECT_TRUE(c.duty().periods.empty()) << "a few slots a block, until none is left";
  EXPECT_EQ(c.duty().defaults, 192u);
  EXPECT_FALSE(c.entry(0, kSlotNow + 1).has_value());
}

TEST(PrivateClaims, WhatWasFinalStaysSoWhateverVotesMakeOfTheDeadlines) {
  PrivateChain c;
  c.start();
  const std::vector<ParticipantId> voters = {kSeller, kGridCompany, kDistributor, kBuyer};
  for (ParticipantId who : voters) ASSERT_EQ(c.run({who}, energy::Bond{100'000}), TxCode::ok);
  const auto late = [&](uint32_t slot) { return c.put(c.record(0, 600, slot, 1), {kDistributor}); };
  c.after(kSlotNow, 60 * kDayMs);
  c.add({});
  EXPECT_EQ(late(kSlotNow), TxCode::too_late);
  const Hash id = energy::proposal_id(c.ledger.chain(), kSeller, c.sequence[kSeller] + 1, 0);
  const energy::RuleChanges longer{{"market.final_ms", uint64_t{90} * kDayMs}};
  ASSERT_EQ(c.run({kSeller}, energy::Propose{energy::ProposalKind::kRules, longer}), TxCode::ok);
  for (ParticipantId who : {kGridCompany, kDistributor})
    ASSERT_EQ(c.run({who}, energy::CastVote{id, true}), TxCode::ok);
  for (int i = 0; i < 2; ++i) {
    c.end_epoch();
    c.add({}, 100);
  }
  const MarketChain& chain = c;
  ASSERT_EQ(chain.record<MarketNumbers>(state::market_numbers_key()).final_ms, uint64_t{90} * kDayMs);
  EXPECT_EQ(late(kSlotNow), TxCode::too_late);
  EXPECT_EQ(c.put(energy::Balance{kDistributor, kStartS, kSlotNow, {}}, {kDistributor}), TxCode::too_late);
  EXPECT_EQ(late(kSlotNow + 40), TxCode::ok) << "what was not final yet has the new time";
}

// Everything of a day by one point; slot 50 is a gap.
struct Day {
  explicit Day(PrivateChain& chain) : c(chain) {
    c.start();
    for (uint32_t i = 0; i < 96; ++i) {
      statement.slots.emplace_back();
      openings.emplace_back();
      if (i == 50) {
        statement.slots.back().substituted_wh = kSubstitute;
        continue;
      }
      c.after(kSlotNow + i, 0);
      const PrivateRecord record = c.record(0, 100 + i, kSlotNow + i);
      EXPECT_EQ(c.put(record), TxCode::ok);
      statement.slots.back().commitment = record.readings[0].commitment;
      openings.back() = c.opening(0, 100 + i, record);
    }
    statement.chain = c.ledger.chain();
    statement.pseudonym = c.signers[0].public_key();
    statement.set = kSet;
    statement.weights = energy::energy_weights(96);
  }
  energy::OpenTotal total() const {
    return {statement.pseudonym, statement.obis, statement.set, energy::tariff_steps(statement.weights),
            energy::make_total(statement, openings, c.signers[0]).value()};
  }
  PrivateChain& c;
  energy::TotalStatement statement;
  std::vector<Opening> openings;
};

TEST(PrivateClaims, APublicTotalOpensTheChainsCommitmentsOnceAndWhole) {
  PrivateChain c;
  Day day(c);
  // Only 95 slots are measured, and under one price there must be 96: the gap is public.
  c.after(kSlotNow + 95, 48 * kHourMs);
  EXPECT_EQ(c.put(day.total()), TxCode::may_not_open);
  const PrivateRecord late = c.record(0, 150, kSlotNow + 50, 1);
  ASSERT_EQ(c.put(late, {kDistributor}), TxCode::ok);
  day.statement.slots[50] = {late.readings[0].commitment, 0};
  day.openings[50] = c.opening(0, 150, late);
  const energy::OpenTotal good = day.total();

  energy::OpenTotal bad = good;
  bad.opening.value += 1;
  EXPECT_EQ(c.put(bad), TxCode::bad_inner_signature) << "not what the pseudonym said";
  bad = good;
  bad.set = 8;
  EXPECT_EQ(c.put(bad), TxCode::may_not_open) << "no set of genesis";
  bad = good;
  bad.tariff = {{95, 1}};
  EXPECT_EQ(c.put(bad), TxCode::may_not_open) << "not the whole set";
  bad = good;
  bad.tariff = {{95, 1}, {1, 1'000'000}};
  EXPECT_EQ(c.put(bad), TxCode::may_not_open) << "one slot under a price of its own";
  bad = good;
  bad.obis = Obis::kExport;
  EXPECT_EQ(c.put(bad), TxCode::bad_inner_signature) << "of the other register, which has gaps only";
  bad = good;
  bad.pseudonym = c.signers[1].public_key();
  EXPECT_NE(c.put(bad), TxCode::ok);

  bad = good;
  bad.opening = energy::make_total(day.statement, day.openings, c.signers[0], c.distributor_seal.public_key()).value();
  EXPECT_EQ(c.put(bad), TxCode::bad_inner_signature) << "the bill, which the biller was shown alone";

  EXPECT_EQ(c.put(good), TxCode::ok);
  const auto opened = state::must_read<OpenedTotal>(
      c.view(), state::key_of(opened_name({day.statement.pseudonym, Obis::kImport, kSet})), "test");
  EXPECT_TRUE(opened.value == 96 * 100 + 95 * 96 / 2);
  EXPECT_EQ(opened.statement, energy::total_digest(day.statement));
  EXPECT_EQ(c.put(good), TxCode::may_not_open) << "opened before";
  c.after(kSlotNow, 60 * kDayMs);
  energy::OpenTotal other = good;
  other.pseudonym = c.signers[1].public_key();
  EXPECT_EQ(c.put(other), TxCode::too_late) << "what is final has left the state, and substitutes are no readings";
}

TEST(PrivateClaims, ATotalThatIsNotWhatTheChainAddsUpToIsRefused) {
  PrivateChain c;
  Day day(c);
  c.after(kSlotNow + 95, 48 * kHourMs);
  const PrivateRecord late = c.record(0, 150, kSlotNow + 50, 1);
  ASSERT_EQ(c.put(late, {kDistributor}), TxCode::ok);
  const auto without_late = day.statement;
  day.statement.slots[50] = {late.readings[0].commitment, 0};
  day.openings[50] = c.opening(0, 150, late);
  energy::OpenTotal lie = day.total();
  lie.opening.value -= 1'000;
  Writer w;
  encode(w, energy::kPublicTotal);
  w.u64(static_cast<uint64_t>(lie.opening.value));
  w.u64(0);
  encode(w, lie.opening.blinding);
  const Hash digest =
      tagged_hash("tieline/private-total-opening/2", {energy::total_digest(day.statement).view(), w.view()});
  lie.opening.signature = c.signers[0].sign(digest.view());
  EXPECT_EQ(c.put(lie), TxCode::bad_total) << "the meter itself says less than it recorded";
  day.statement = without_late;
  EXPECT_EQ(c.put(day.total()), TxCode::bad_inner_signature) << "signed over the gap that was there before";
}

// All points record `wh` in the first slot; the feeder delivers `fed`.
struct Feeder {
  Feeder(PrivateChain& chain, uint64_t wh, uint64_t fed, size_t gaps = 0) : c(chain), drawn{wh * (kPoints - gaps), {}} {
    c.start();
    std::vector<Blinding> blindings;
    region.chain = c.ledger.chain();
    region.regions = {kDistributor};
    region.meters = kPoints;
    region.start_s = kStartS;
    region.duration_s = 900;
    region.feeder_in_wh = fed;
    region.loss_hi_ppm = 100'000;
    region.substituted_drawn_wh = gaps * kSubstitute;
    std::map<PublicKey, Commitment> in_order;
    for (size_t i = gaps; i < kPoints; ++i) {
      const PrivateRecord record = c.record(i, wh);
      EXPECT_EQ(c.put(record), TxCode::ok);
      in_order[record.pseudonym] = record.readings[0].commitment;
      blindings.push_back(c.opening(i, wh, record).blinding);
    }
    for (const auto& [key, commitment] : in_order) region.drawn.push_back(commitment);
    EXPECT_EQ(c.add_one(c.meter(kGridCompany, kGridMeter, fed, Obis::kExport, kSlotNow)), TxCode::ok);
    const std::vector<Int128> ones(blindings.size(), 1);
    drawn.blinding = combine(blindings, ones).value();
  }
  // The distributor's other feeder, to the buyer, delivered nothing.
  void meter_the_other() {
    EXPECT_EQ(c.add_one(c.meter(kDistributor, kDistributorMeter, 0, Obis::kExport, kSlotNow)), TxCode::ok);
  }
  energy::Balance balance() const {
    auto proof = energy::prove_region(region, {drawn, {}}, secret_of("prover"));
    EXPECT_TRUE(proof.ok()) << proof.error().why;
    return {kDistributor, kStartS, kSlotNow, proof.ok() ? *proof : Bytes{}};
  }
  PrivateChain& c;
  energy::RegionBalance region;
  Opening drawn;
};

TEST(PrivateClaims, ADistributorProvesThatItsPointsBalanceWithItsFeeders) {
  PrivateChain c;
  Feeder feeder(c, 500, 6'300);  // 6,000 drawn
  const energy::Balance good = feeder.balance();
  EXPECT_EQ(c.put(good, {kDistributor}), TxCode::too_early) << "gaps are not known yet";
  feeder.meter_the_other();
  c.after(kSlotNow, 24 * kHourMs);
  EXPECT_EQ(c.put(good), TxCode::not_authorised);
  energy::Balance bad = good;
  bad.slot = kSlotNow + 1;
  EXPECT_EQ(c.put(bad, {kDistributor}), TxCode::too_early);
  bad = good;
  bad.period_s -= 900;
  EXPECT_EQ(c.put(bad, {kDistributor}), TxCode::bad_period);
  bad = good;
  bad.proof.back() ^= 1;
  EXPECT_EQ(c.put(bad, {kDistributor}), TxCode::bad_range_proof);
  EXPECT_EQ(c.put(good, {kDistributor}), TxCode::ok);
  EXPECT_EQ(c.put(good, {kDistributor}), TxCode::overlap) << "once, as long as nothing changes";

  c.after(kSlotNow, 48 * kHourMs);
  EXPECT_EQ(c.duty().balanced, 1u);
  EXPECT_EQ(c.duty().defaults, 0u);
  c.after(kSlotNow + 1, 48 * kHourMs);
  EXPECT_EQ(c.duty().balanced, 1u);
  EXPECT_EQ(c.duty().defaults, 1u) << "no proof by the close of the next slot";
  EXPECT_EQ(refused_today(c, kDistributor), kDefaultWeight);
}

TEST(PrivateClaims, EnergyThatIsMissingHasNoBalance) {
  PrivateChain c;
  Feeder feeder(c, 500, 7'000);  // 1,000 of 7,000 gone: more than a tenth
  EXPECT_EQ(energy::prove_region(feeder.region, {feeder.drawn, {}}, secret_of("prover")).error().code, "out_of_range");
  feeder.region.feeder_in_wh = 6'300;  // so it proves a smaller feed
  const energy::Balance lie = feeder.balance();
  feeder.meter_the_other();
  c.after(kSlotNow, 24 * kHourMs);
  EXPECT_EQ(c.put(lie, {kDistributor}), TxCode::bad_range_proof) << "the feeder's meter said another";
}

TEST(PrivateClaims, GapsEnterTheBalanceWithTheirPublicValue) {
  PrivateChain c;
  Feeder feeder(c, 500, 6'600, 2);  // 5,000 drawn and twice 687
  feeder.meter_the_other();
  const energy::Balance good = feeder.balance();
  c.after(kSlotNow, 24 * kHourMs);
  EXPECT_EQ(c.put(good, {kDistributor}), TxCode::ok);
  c.after(kSlotNow, 48 * kHourMs);
  ASSERT_EQ(c.put(c.record(0, 690, kSlotNow, 1), {kDistributor}), TxCode::ok);
  EXPECT_EQ(c.put(good, {kDistributor}), TxCode::bad_range_proof) << "what is balanced is not the same any more";
}

TEST(PrivateClaims, AFeederThatNobodyMeteredIsNotLeftOut) {
  PrivateChain c;
  Feeder feeder(c, 500, 6'300);
  const energy::Balance good = feeder.balance();
  c.after(kSlotNow, 24 * kHourMs);
  EXPECT_EQ(c.put(good, {kDistributor}), TxCode::unknown_reading)
      << "what it delivers to the buyer is not metered: it could hide any energy there";
  c.after(kSlotNow, 48 * kHourMs);
  EXPECT_EQ(c.duty().defaults, 1u) << "its own meter was silent";
  EXPECT_EQ(c.duty().excused, 0u);
}

TEST(PrivateClaims, AFeederOfAnothersThatIsSilentIsNoDefault) {
  Genesis g = private_genesis();
  g.market->flows[1].check_meter = 0;  // of the grid company's to the distributor
  PrivateChain c(g);
  c.start();
  c.after(kSlotNow, 48 * kHourMs);
  EXPECT_EQ(c.duty().excused, 1u);
  EXPECT_EQ(c.duty().defaults, 0u);
  EXPECT_EQ(refused_today(c, kDistributor), 0u);
}

TEST(PrivateClaims, AFeederWhoseMetersDisagreeIsNoDefault) {
  for (const uint64_t says : {6'300, 8'990}) {
    PrivateChain c;
    Feeder feeder(c, 500, 9'000);  // says the grid company; no balance holds over it
    feeder.meter_the_other();
    EXPECT_EQ(c.add_one(c.meter(kDistributor, kDistributorCheck, says, Obis::kImport, kSlotNow)), TxCode::ok);
    c.after(kSlotNow, 48 * kHourMs);
    const bool disagree = says == 6'300;
    EXPECT_EQ(c.duty().excused, disagree ? 1u : 0u);
    EXPECT_EQ(c.duty().defaults, disagree ? 0u : 1u) << "what two meters may differ by is no excuse";
  }
}

TEST(PrivateClaims, AProofOfWhatIsFoundWrongBeforeTheCloseMeetsNoDutyAndIsNoDefault) {
  for (const bool complained_only : {false, true}) {
    PrivateChain c;
    Feeder feeder(c, 500, 6'300);
    feeder.meter_the_other();
    const energy::Balance good = feeder.balance();
    c.after(kSlotNow, 24 * kHourMs);
    if (!complained_only) {
      ASSERT_EQ(c.put(good, {kDistributor}), TxCode::ok);
    }
    const PrivateRecord record = c.record(0, 500);
    const energy::Complaint complaint = energy::make_complaint(c.context(record), record.readings[0].commitment,
                                                               kDistributor, participant_key(kDistributor));
    c.after(kSlotNow, complained_only ? 47 * kHourMs : 24 * kHourMs);
    ASSERT_EQ(c.put(complaint), TxCode::ok);
    c.after(kSlotNow, 48 * kHourMs + 60'000);
    EXPECT_EQ(c.duty().balanced, 0u) << "what was proven is not what there is: the reading is missing";
    EXPECT_EQ(c.duty().excused, 1u);
    EXPECT_EQ(c.duty().defaults, 0u);
  }
}

}  // namespace
}  // namespace tieline::testing
