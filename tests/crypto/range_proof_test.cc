#include "crypto/range_proof.h"

#include <gtest/gtest.h>

#include <random>

#include "crypto/hash.h"
#include "crypto_testing.h"

namespace tieline::range {
namespace {

using testing::fixed;

const Bytes kContext = {'p', 'o', 'i', 'n', 't', ' ', '7'};

Secret secret_of(uint8_t byte) {
  std::array<uint8_t, Secret::kSize> bytes;
  bytes.fill(byte);
  return Secret(bytes);
}

Blinding blinding_of(uint64_t number) {
  const std::string name = std::to_string(number);
  return derive_blinding("tieline/test/1", secret_of(7), {view_of(name)});
}

// Commitments with all that is known of them.
struct Batch {
  explicit Batch(const std::vector<uint64_t>& values, std::vector<uint64_t> caps_in, uint64_t salt = 0)
      : caps(std::move(caps_in)) {
    for (size_t i = 0; i < values.size(); ++i) {
      openings.push_back({values[i], blinding_of(salt * 1'000 + i)});
      commitments.push_back(commit(values[i], openings.back().blinding).value());
    }
  }
  Claim claim(Bits bits = Bits::k32) const { return {bits, commitments, caps, kContext}; }
  Result<Bytes> prove(Bits bits = Bits::k32) const { return range::prove(claim(bits), openings, secret_of(9)); }

  std::vector<uint64_t> caps;
  std::vector<Opening> openings;
  std::vector<Commitment> commitments;
};

TEST(RangeProof, HoldsAtBothEndsAndCannotBeMadeBeyondThem) {
  constexpr uint64_t kCap = 2'750;
  for (const uint64_t value : {uint64_t{0}, uint64_t{1}, kCap - 1, kCap}) {
    const Batch batch({value}, {kCap});
    const Bytes proof = batch.prove().value();
    EXPECT_EQ(proof.size(), 577u);
    EXPECT_TRUE(verify(batch.claim(), proof)) << value;
  }
  for (const uint64_t value : {kCap + 1, uint64_t{UINT32_MAX}, uint64_t{UINT32_MAX} + 1, UINT64_MAX}) {
    const auto refused = Batch({value}, {kCap}).prove();
    ASSERT_FALSE(refused.ok()) << value;
    EXPECT_EQ(refused.error().code, "out_of_range");
  }
}

TEST(RangeProof, ANegativeValueHasNoProof) {
  const Blinding r = blinding_of(1);
  Batch batch({5}, {100});
  batch.commitments[0] = commit(-1, r).value();
  for (const uint64_t claimed : {uint64_t{0}, UINT64_MAX}) {
    batch.openings[0] = {claimed, r};
    EXPECT_FALSE(batch.prove().ok());
  }
}

TEST(RangeProof, IsThePinnedVectorForItsSeed) {
  const Bytes proof = Batch({250}, {2'750}).prove().value();
  EXPECT_EQ(to_hex(sha256(proof)), "5f168903a7c695d56bbc909408b150fd8e76d6357d0492269ce594ff288b28e0");
}

TEST(RangeProof, EveryChangedByteOfAProofIsRefused) {
  const Batch batch({250}, {2'750});
  const Bytes proof = batch.prove().value();
  for (size_t i = 0; i < proof.size(); ++i) {
    for (const uint8_t change : {uint8_t{0x01}, uint8_t{0x80}}) {
      Bytes bad = proof;
      bad[i] ^= change;
      EXPECT_FALSE(verify(batch.claim(), bad)) << i;
    }
  }
  for (size_t size = 0; size < proof.size(); ++size)
    EXPECT_FALSE(verify(batch.claim(), ByteView(proof).first(size))) << size;
  Bytes longer = proof;
  longer.insert(longer.end(), 64, 0);
  EXPECT_FALSE(verify(batch.claim(), longer));
}

TEST(RangeProof, HoldsForItsCommitmentCapContextAndBitsOnly) {
  const Batch batch({250}, {2'750});
  const Bytes proof = batch.prove().value();
  Batch other = batch;
  other.commitments[0] = commit(250, blinding_of(99)).value();
  EXPECT_FALSE(verify(other.claim(), proof));
  other = batch;
  other.caps[0] = 2'751;
  EXPECT_FALSE(verify(other.claim(), proof));
  other.caps.clear();
  EXPECT_FALSE(verify(other.claim(), proof));
  Claim claim = batch.claim();
  const Bytes elsewhere = {'p', 'o', 'i', 'n', 't', ' ', '8'};
  claim.context = elsewhere;
  EXPECT_FALSE(verify(claim, proof));
  claim.context = ByteView(kContext).first(6);
  EXPECT_FALSE(verify(claim, proof));
  EXPECT_FALSE(verify(batch.claim(Bits::k64), proof));
}

TEST(RangeProof, RefusesTheIdentityAndPointsThatAreNotCanonical) {
  const Batch batch({250}, {2'750});
  const Bytes proof = batch.prove().value();
  for (const char* hex : {"0000000000000000000000000000000000000000000000000000000000000000",
                          "0100000000000000000000000000000000000000000000000000000000000000",
                          "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                          "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"}) {
    Batch bad = batch;
    bad.commitments[0] = fixed<Commitment>(hex);
    EXPECT_FALSE(verify(bad.claim(), proof)) << hex;
    EXPECT_EQ(bad.prove().error().code, "bad_claim") << hex;
    // The same in each point's and scalar's place within the proof.
    for (size_t at = 1; at < proof.size(); at += 32) {
      Bytes tampered = proof;
      const Bytes element = testing::bytes_of_hex(hex);
      std::copy(element.begin(), element.end(), tampered.begin() + static_cast<ptrdiff_t>(at));
      EXPECT_FALSE(verify(batch.claim(), tampered)) << hex << " at " << at;
    }
  }
}

TEST(RangeProof, OneMetersBatchIsOneProofForAnyCountUpToSixteen) {
  for (const size_t count : {size_t{1}, size_t{2}, size_t{3}, size_t{7}, kCappedMax}) {
    std::vector<uint64_t> values, caps;
    for (size_t i = 0; i < count; ++i) {
      values.push_back(100 * i);
      caps.push_back(100 * i + (i % 3));
    }
    const Batch batch(values, caps);
    const Bytes proof = batch.prove().value();
    EXPECT_EQ(proof.size(), proof_size(Bits::k32, count, true));
    EXPECT_TRUE(verify(batch.claim(), proof)) << count;
    Batch swapped = batch;
    std::swap(swapped.commitments.front(), swapped.commitments.back());
    EXPECT_EQ(verify(swapped.claim(), proof), count == 1) << count;
    if (count == 1) continue;
    Batch fewer = batch;
    fewer.commitments.pop_back();
    fewer.caps.pop_back();
    EXPECT_FALSE(verify(fewer.claim(), proof)) << count;
  }
  EXPECT_EQ(proof_size(Bits::k32, kCappedMax, true), 833u);
  EXPECT_EQ(proof_size(Bits::k32, kCappedMax + 1, true), 0u);
  EXPECT_EQ(proof_size(Bits::k64, kSidesMax, false), kProofSizeMax);
  EXPECT_EQ(proof_size(Bits::k64, 0, false), 0u);
}

TEST(RangeProof, OneValueOutOfRangeSpoilsTheWholeBatchAndTooManyAreRefused) {
  EXPECT_EQ(Batch({1, 2, 3, 4}, {4, 4, 2, 4}).prove().error().code, "out_of_range");
  const Batch many(std::vector<uint64_t>(17, 1), std::vector<uint64_t>(17, 4));
  EXPECT_EQ(many.prove().error().code, "bad_claim");
  EXPECT_FALSE(verify(many.claim(), Bytes(833)));
  EXPECT_EQ(Batch({1}, {uint64_t{UINT32_MAX} + 1}).prove().error().code, "bad_claim");
  EXPECT_EQ(Batch({}, {}).prove().error().code, "bad_claim");
}

TEST(RangeProof, SixteenBitsServeWhatAHouseholdDraws) {
  EXPECT_EQ(bits_for(0), Bits::k16);
  EXPECT_EQ(bits_for(UINT16_MAX), Bits::k16);
  EXPECT_EQ(bits_for(uint64_t{UINT16_MAX} + 1), Bits::k32);
  EXPECT_EQ(bits_for(UINT32_MAX), Bits::k32);
  EXPECT_EQ(bits_for(uint64_t{UINT32_MAX} + 1), Bits::k64);
  for (const uint64_t value : {uint64_t{0}, uint64_t{2'750}, uint64_t{UINT16_MAX}}) {
    const Batch batch({value}, {UINT16_MAX});
    const Bytes proof = batch.prove(Bits::k16).value();
    EXPECT_EQ(proof.size(), 513u);
    EXPECT_TRUE(verify(batch.claim(Bits::k16), proof));
    EXPECT_FALSE(verify(batch.claim(Bits::k32), proof));
  }
  EXPECT_EQ(Batch({65'536}, {UINT16_MAX}).prove(Bits::k16).error().code, "out_of_range");
  EXPECT_EQ(Batch({1}, {uint64_t{UINT16_MAX} + 1}).prove(Bits::k16).error().code, "bad_claim");
}

TEST(RangeProof, OneSidedSixtyFourBitsReachFromZeroToTheLargestNumber) {
  const Batch batch({0, UINT64_MAX}, {});
  const Bytes proof = batch.prove(Bits::k64).value();
  EXPECT_TRUE(verify(batch.claim(Bits::k64), proof));
  EXPECT_FALSE(verify(batch.claim(), proof));
  const Batch capped({UINT64_MAX - 1}, {UINT64_MAX});
  EXPECT_TRUE(verify(capped.claim(Bits::k64), capped.prove(Bits::k64).value()));
}

TEST(RangeProof, ABatchOfManyMetersGivesEachItsOwnVerdict) {
  std::mt19937_64 random(5);
  const auto bits = [](size_t i) { return i % 4 == 3 ? Bits::k16 : Bits::k32; };
  std::vector<Batch> batches;
  std::vector<Bytes> proofs;
  for (uint64_t i = 0; i < 12; ++i) {
    const size_t count = 1 + i % 3;
    batches.emplace_back(std::vector<uint64_t>(count, 10 * i), std::vector<uint64_t>(count, 10 * i + 5), i);
    proofs.push_back(batches.back().prove(bits(i)).value());
  }
  for (int round = 0; round < 6; ++round) {
    std::vector<uint8_t> expected(batches.size(), 1);
    std::vector<Bytes> given = proofs;
    const size_t bad = round == 0 ? 0 : round == 5 ? batches.size() : random() % 6;
    for (size_t i = 0; i < bad; ++i) {
      const size_t place = bad == batches.size() ? i : random() % batches.size();
      expected[place] = 0;
      if (round % 2 == 0) {
        given[place][40] ^= 1;
      } else {
        given[place] = proofs[(place + 3) % batches.size()];  // well-formed, of the same size, of somebody else
      }
    }
    std::vector<Item> items;
    for (size_t i = 0; i < batches.size(); ++i) items.push_back({batches[i].claim(bits(i)), given[i]});
    std::vector<uint8_t> ok(items.size(), 7);
    verify_batch(items, ok);
    EXPECT_EQ(ok, expected) << round;
  }
  verify_batch({}, {});
}

TEST(RangeProof, BadProofsCostNoMoreThanThreeChecksEachHoweverTheyStand) {
  constexpr size_t kProofs = 48;
  std::vector<Batch> batches;
  std::vector<Bytes> proofs;
  for (size_t i = 0; i < kProofs; ++i) {
    batches.emplace_back(std::vector<uint64_t>{i}, std::vector<uint64_t>{2'750}, i);
    proofs.push_back(batches.back().prove(Bits::k16).value());
  }
  const auto cost = [&](size_t every) {
    std::vector<Bytes> sent = proofs;
    std::vector<Item> items;
    for (size_t i = 0; i < kProofs; ++i) {
      if (every != 0 && i % every == 0) sent[i] = proofs[(i + 1) % kProofs];
      items.push_back({batches[i].claim(Bits::k16), sent[i]});
    }
    Bytes ok(kProofs);
    const size_t checked = verify_batch(items, ok);
    for (size_t i = 0; i < kProofs; ++i) EXPECT_EQ(ok[i] == 1, every == 0 || i % every != 0) << i;
    return checked;
  };
  EXPECT_EQ(cost(0), kProofs) << "good ones together, once";
  EXPECT_LT(cost(kProofs), 3 * kProofs);
  for (const size_t every : {1, 2, 3, 8}) EXPECT_LE(cost(every), 3 * kProofs) << every;
}

TEST(RangeProof, RandomDamageIsNeverAccepted) {
  std::mt19937_64 random(13);
  const Batch batch({250, 9}, {2'750, 9});
  const Bytes proof = batch.prove().value();
  for (int i = 0; i < 1'500; ++i) {
    Bytes bad = proof;
    for (size_t n = 1 + random() % 8; n > 0; --n) bad[random() % bad.size()] = static_cast<uint8_t>(random());
    if (random() % 4 == 0) bad.resize(random() % (2 * proof.size()));
    if (bad == proof) continue;
    EXPECT_FALSE(verify(batch.claim(), bad)) << i;
  }
}

}  // namespace
}  // namespace tieline::range
