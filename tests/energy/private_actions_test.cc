// What is written into transactions about private points: bytes there and back, bounds, and what it asks of a
// validator.

#include "energy/private_actions.h"

#include <gtest/gtest.h>

#include "private_testing.h"

namespace tieline::energy {
namespace {

using testing::kChain;
using testing::kNoon;
using testing::PrivateWorld;
using testing::secret_of;
using testing::signer_of;

std::vector<PrivateAction> samples() {
  const PrivateWorld world;
  const PrivateRecord record = world.record({600, 5});
  const PrivateReading& reading = record.readings.front();
  const PrivateContext context = context_of(kChain, record.pseudonym, reading);
  const Ed25519Signer distributor = signer_of("distributor");
  const PrivatePayload payload{1, reading_blinding(world.meter_secret, context), distributor.sign(view_of("x"))};
  const Complaint complaint = make_complaint(context, reading.commitment, 7, distributor);
  const Reveal reveal = make_reveal(complaint, secret_of("seed"), payload, world.pseudonym);
  PseudonymBatch batch{kChain, 7, 8, {0, 86'400}, {{record.pseudonym, 1}}, {}, {}};
  batch.distributor_signature = distributor.sign(batch_digest(batch).view());
  TotalOpening opening{Int128{5} << 70, payload.blinding, payload.signature};
  return {batch,
          record,
          forgery_proof(context, reading.commitment, world.receivers[0].key, payload),
          complaint,
          make_answer(reveal, {8, world.owner.public_key()}, secret_of("answer"), world.pseudonym).value(),
          PrivateRuling{complaint_digest(complaint), true},
          OpenTotal{record.pseudonym, Obis::kExport, 3, {{90, 1}, {6, 2}}, opening},
          Balance{7, kNoon, 1'888'889, Bytes(641, 3)}};
}

TEST(PrivateAction, ComesBackFromItsBytesAndNoOtherBytesAreTheSame) {
  std::mt19937_64 random(1);
  int type = static_cast<int>(ActionType::kPseudonyms);
  for (const PrivateAction& action : samples()) {
    EXPECT_EQ(static_cast<int>(type_of(action)), type);
    const Bytes bytes = encode_private_action(action);
    const auto back = decode_private_action(type_of(action), bytes);
    ASSERT_TRUE(back.ok()) << back.error().why;
    EXPECT_TRUE(*back == action) << type;
    for (int i = 0; i < 300; ++i) {
      const Bytes other = testing::damaged(bytes, random);
      const auto read = decode_private_action(type_of(action), other);
      if (read.ok())
        EXPECT_EQ(encode_private_action(*read), other) << type;
      else
        EXPECT_EQ(read.error().code, "malformed");
    }
    ++type;
  }
  EXPECT_EQ(type, static_cast<int>(ActionType::kBalance) + 1) << "every type has a sample";
  EXPECT_EQ(decode_private_action(ActionType::kData, {}).error().code, "malformed");
}

TEST(PrivateAction, TheBytesArePinned) {
  Bytes all;
  for (const PrivateAction& action : samples()) {
    const Bytes one = encode_private_action(action);
    all.insert(all.end(), one.begin(), one.end());
  }
  EXPECT_EQ(to_hex(sha256(all)), "dcff585c6892880699a09f881245b3e356a218ee241ac93ee2c39b2dd89c057f");
}

TEST(PrivateAction, ATariffIsStepsThatCannotBeWrittenTwoWays) {
  const std::vector<uint64_t> weights = {1, 1, 5, 5, 5, 1};
  const std::vector<TariffStep> steps = {{2, 1}, {3, 5}, {1, 1}};
  EXPECT_EQ(tariff_steps(weights), steps);
  EXPECT_EQ(tariff_weights(steps), weights);
  EXPECT_TRUE(tariff_weights(std::vector<TariffStep>{{kOpeningSlotsMax, 1}, {1, 2}}).empty()) << "too many slots";
  EXPECT_EQ(tariff_weights(std::vector<TariffStep>{{kOpeningSlotsMax, 1}}).size(), kOpeningSlotsMax);
  OpenTotal total = std::get<OpenTotal>(samples()[6]);
  for (const std::vector<TariffStep>& twice : {std::vector<TariffStep>{{1, 1}, {2, 1}}, {{0, 1}, {3, 2}}}) {
    total.tariff = twice;
    EXPECT_EQ(decode_private_action(ActionType::kOpenTotal, encode_private_action(total)).error().code, "malformed");
  }
}

TEST(PrivateAction, AnAnswerIsOfOneComplaintAndForTheRegulator) {
  const PrivateWorld world;
  const Answer answer = std::get<Answer>(samples()[4]);
  const auto reveal = open_answer(answer, world.owner);
  ASSERT_TRUE(reveal.ok());
  EXPECT_EQ(reveal->complaint, answer.complaint);
  EXPECT_EQ(open_answer(answer, world.distributor).error().code, "does_not_open");
  Answer moved = answer;
  moved.complaint.bytes[0] ^= 1;
  EXPECT_EQ(open_answer(moved, world.owner).error().code, "does_not_open");
  Reveal other = *reveal;
  other.complaint.bytes[0] ^= 1;
  const seal::Sealed sealed =
      seal::seal(world.owner.public_key(), secret_of("x"), answer.complaint.view(), ByteView{}, encoded(other)).value();
  moved = {answer.complaint, answer.regulator, sealed.enc, {}, {}};
  std::ranges::copy(sealed.cipher, moved.cipher.bytes.begin());
  EXPECT_EQ(open_answer(moved, world.owner).error().code, "other_complaint");
}

TEST(PrivateAction, AnAnswerSignsWhomItIsSealedToAndHasTheSizeOfASealedReveal) {
  const Answer answer = std::get<Answer>(samples()[4]);
  EXPECT_EQ(answer.regulator, 8u);
  Answer other = answer;
  other.regulator = 9;
  EXPECT_NE(answer_digest(other), answer_digest(answer));
  const Bytes bytes = encode_private_action(answer);
  EXPECT_EQ(bytes.size(), 32u + 4 + 32 + kAnswerCipherSize + 64);
  for (const size_t cut : {size_t{1}, kAnswerCipherSize}) {
    Bytes shorter = bytes;
    shorter.erase(shorter.begin() + 68, shorter.begin() + 68 + static_cast<ptrdiff_t>(cut));
    EXPECT_FALSE(decode_private_action(ActionType::kAnswer, shorter).ok()) << "which no regulator could open";
  }
}

TEST(PrivateAction, AsksForWorkByWhatItHolds) {
  const PrivateWorld world;
  const auto work = [](const PrivateAction& a) { return private_work_us(type_of(a), encode_private_action(a)); };
  const uint64_t one = work(world.record({1})), two = work(world.record({1, 2})), three = work(world.record({1, 2, 3}));
  EXPECT_GT(two, one);
  EXPECT_EQ(three - two, two - one);
  OpenTotal total = std::get<OpenTotal>(samples()[6]);
  const uint64_t small = work(total);
  total.tariff = {{kOpeningSlotsMax, 1}};
  EXPECT_GT(work(total), 10 * small);
  for (const PrivateAction& action : samples()) EXPECT_GT(work(action), 0u);
  EXPECT_EQ(private_work_us(ActionType::kData, {}), 0u);
  // What is refused unseen asks for nothing, whatever it says of itself.
  EXPECT_EQ(private_work_us(ActionType::kPrivateRecord, Bytes(36, 0xff)), 0u);
  EXPECT_EQ(private_work_us(ActionType::kBalance, {}), 0u);
  total.tariff = {{kOpeningSlotsMax, 1}, {1, 2}};
  EXPECT_EQ(work(total), work(OpenTotal{total.pseudonym, total.obis, total.set, {}, total.opening}));
}

}  // namespace
}  // namespace tieline::energy
