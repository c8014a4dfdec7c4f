#include "crypto/bls.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "crypto_testing.h"

namespace tieline::bls {
namespace {

using testing::fixed;
using testing::seed_of;
using testing::with_bit_flipped;

const Bytes kVote = {'T', 'i', 'e', 'l', 'i', 'n', 'e', ' ', 'v', 'o', 't', 'e'};
const Bytes kOther = {'o', 't', 'h', 'e', 'r'};

// x = 4 and x = 2: on the curves, but outside the subgroups. The others have order 3 (x = 0) and 11.
const std::string kOffSubgroupG1 = "80" + std::string(92, '0') + "04";
const std::string kOrderThreeG1 = "80" + std::string(94, '0');
const std::string kOrderElevenG1 =
    "b9b3e2c8c6bbf59d3c326b531fc1e639d29200c28624ac604f251a12908c9b7f735318617f625954cc71cdf03229b1ef";
const std::string kOffSubgroupG2 = "a0" + std::string(188, '0') + "02";
const std::string kInfinityG1 = "c0" + std::string(94, '0');
const std::string kInfinityG2 = "c0" + std::string(190, '0');

template <class Point>
Point negated(Point point) {
  point.bytes[0] ^= 0x20;  // the bit that says which of the two y it is
  return point;
}

// n members with proven keys and their votes over kVote.
struct Committee {
  explicit Committee(uint32_t n) {
    for (uint32_t i = 0; i < n; ++i) {
      const SecretKey secret = SecretKey::from_seed(seed_of<Seed>(i));
      keys.push_back(ProvenKey::parse(secret.public_key(), secret.prove_possession()).value());
      votes.push_back(secret.sign(kVote));
    }
    for (const ProvenKey& key : keys) pointers.push_back(&key);
  }
  std::vector<ProvenKey> keys;
  std::vector<const ProvenKey*> pointers;
  std::vector<Signature> votes;
};

TEST(Bls, GivesTheAnswersOfAnIndependentImplementation) {
  // Computed with py_ecc 8.0.0 from the same seeds (32 times the byte 1, 2, 3), ciphersuite and DSTs.
  struct {
    uint8_t seed_byte;
    const char *message, *key, *signature, *possession;
  } const vectors[] = {
      {1, "",
       "92c5ed2c7ec2b477af30b4a940ff81e367beca0e1cf98da85be7a0552640d7a9083f54e444dde74cd522b20281bea0de1433c8b152f289b"
       "e58"
       "8890ae4fd9cfb3a16a39bfe51d52561563c7c57ded262cf19b639c02d5e6696a7a2cf60137d17b",
       "905b10f0f74a4a680df54a9e0f68389875aa9f8320c8a600613e4bd32825596af37cef5040830477aa8bd4c38791bc67",
       "b237828b51cd43d42c0c3feea37f7c808ac56f301248dcbf40f4cb7a71a8390b1994b267471416bcc68c2828e6c020ee"},
      {2, "abc",
       "b2a37436b175eaa084925db09c2882e04d3859bfebaf380154a387e75ed6f5875e3a95e33b6b0f3ba13edd764866e2280705721c4ea6fd6"
       "aa8"
       "24c25af64cfc4c8ce6d4bcc943a6e6f6f145b814e5b4732fffd363d29afb87825521cd895664ed",
       "894c571f4be223fbcbd8a1a89e2bc791b468e2ef257e416013e17a269a49a452b6f2eaccb63d3346774939438d17ba37",
       "8b4fd220f95984f7e15d931df9128d0b11d0f8d9bad78ee60dd10b50c67b51fda86a91109e009792885d127a71cf5d90"},
      {3, "Tieline vote",
       "842d596812b58770ce81c3073aa1dfa79801d9fb50e05366823e16b726141baeb59a9b9c7b545a14361e9198d1795de917468e8a57f264c"
       "eed"
       "e46c17d9cef1d9ce38889f6defea73bd4ca421fa0c87671f5ca8357f3710622ac03393a92ab9c0",
       "8372a793ae664c9e8fb2ac99638ac838247b76a31e61ca3cb9bc8b354f10b4097a08edc424c826eddf04c3557ecb650c",
       "86990865a16ae5a1a4710e19ee61db574e478655a671661222262d63c6bba429293be2edc5123a1f23f2c01be140d15f"},
  };
  std::vector<Signature> votes;
  for (const auto& v : vectors) {
    Seed seed;
    seed.fill(v.seed_byte);
    const SecretKey secret = SecretKey::from_seed(seed);
    EXPECT_EQ(to_hex(secret.public_key()), v.key);
    EXPECT_EQ(to_hex(secret.sign(view_of(v.message))), v.signature);
    EXPECT_EQ(to_hex(secret.prove_possession()), v.possession);
    const auto key = ProvenKey::parse(secret.public_key(), fixed<Possession>(v.possession));
    ASSERT_TRUE(key.ok());
    EXPECT_TRUE(verify(key->key(), view_of(v.message), fixed<Signature>(v.signature)));
    votes.push_back(secret.sign(kVote));
  }
  EXPECT_EQ(to_hex(aggregate(votes).value()),
            "b7186001607748dd0c31d5fc58f30c9632ffdca4a2b8936043fe18f1c0733de25f791e1ba412564206a3ad2cce0a856f");
}

TEST(Bls, RefusesEveryFlippedBitOfASignatureAnotherMessageAndAnotherKey) {
  const Committee committee(2);
  const VerifyingKey& key = committee.keys[0].key();
  ASSERT_TRUE(verify(key, kVote, committee.votes[0]));
  for (size_t bit = 0; bit < 384; ++bit) {
    EXPECT_FALSE(verify(key, kVote, with_bit_flipped(committee.votes[0], bit))) << bit;
  }
  EXPECT_FALSE(verify(key, kOther, committee.votes[0]));
  EXPECT_FALSE(verify(committee.keys[1].key(), kVote, committee.votes[0]));
}

TEST(Bls, RefusesKeysThatAreInfinityOffTheSubgroupOrOffTheCurve) {
  for (const std::string& hex : {kInfinityG2, kOffSubgroupG2, std::string(192, '0'), std::string(192, 'f'),
                                 "80" + std::string(188, '0') + "01"}) {
    const auto parsed = VerifyingKey::parse(fixed<PublicKey>(hex));
    ASSERT_FALSE(parsed.ok()) << hex;
    EXPECT_EQ(parsed.error().code, "bad_public_key");
  }
}

TEST(Bls, RefusesSignaturesThatAreInfinityOrOffTheSubgroupAloneAndInASum) {
  const Committee committee(2);
  for (const std::string& hex : {kInfinityG1, kOffSubgroupG1, kOrderThreeG1, kOrderElevenG1, std::string(96, '0')}) {
    const auto bad = fixed<Signature>(hex);
    EXPECT_FALSE(is_valid(bad)) << hex;
    EXPECT_FALSE(verify(committee.keys[0].key(), kVote, bad)) << hex;
    EXPECT_FALSE(verify_aggregate(committee.pointers, kVote, bad)) << hex;
    EXPECT_FALSE(verify_possession(committee.keys[0].key(), fixed<Possession>(hex))) << hex;
    const auto sum = aggregate(std::vector<Signature>{committee.votes[0], committee.votes[1], bad});
    EXPECT_FALSE(sum.ok() && verify_aggregate(committee.pointers, kVote, *sum)) << hex;
  }
  EXPECT_TRUE(is_valid(committee.votes[0]));
  // A point of small order moves a right sum out of the subgroup, and no pairing sees it: only the check does.
  const auto shifted = aggregate(std::vector<Signature>{committee.votes[0], fixed<Signature>(kOrderElevenG1)}).value();
  EXPECT_FALSE(is_valid(shifted));
  EXPECT_FALSE(verify(committee.keys[0].key(), kVote, shifted));
}

TEST(Bls, OneSignatureStandsForManySignersOfOneMessage) {
  const Committee committee(7);
  const Signature sum = aggregate(committee.votes).value();
  EXPECT_TRUE(verify_aggregate(committee.pointers, kVote, sum));
  EXPECT_FALSE(verify_aggregate(committee.pointers, kOther, sum));
  auto fewer = committee.pointers;
  fewer.pop_back();
  EXPECT_FALSE(verify_aggregate(fewer, kVote, sum));
  auto twice = committee.pointers;
  twice.push_back(twice.back());
  EXPECT_FALSE(verify_aggregate(twice, kVote, sum));
}

TEST(Bls, ASignerTakenTwiceCountsTwiceSoTheCallerMustRefuseDuplicates) {
  const Committee committee(1);
  const Signature sum = aggregate(std::vector<Signature>{committee.votes[0], committee.votes[0]}).value();
  EXPECT_TRUE(verify_aggregate(std::vector<const ProvenKey*>(2, &committee.keys[0]), kVote, sum));
}

TEST(Bls, OneSignatureStandsForManySignersOfDistinctMessages) {
  const Committee committee(3);
  std::vector<Bytes> messages = {{1}, {2}, {1}};  // messages may repeat: the keys are proven
  std::vector<Signature> signatures;
  std::vector<AggregateItem> items;
  for (uint32_t i = 0; i < 3; ++i) {
    signatures.push_back(SecretKey::from_seed(seed_of<Seed>(i)).sign(messages[i]));
    items.push_back({&committee.keys[i], messages[i]});
  }
  const Signature sum = aggregate(signatures).value();
  EXPECT_TRUE(verify_aggregate(items, sum));
  std::swap(items[0].message, items[1].message);
  EXPECT_FALSE(verify_aggregate(items, sum));
  std::swap(items[0].message, items[1].message);
  items.pop_back();
  EXPECT_FALSE(verify_aggregate(items, sum));
}

TEST(Bls, NothingAggregatesToNothingAndVerifiesNothing) {
  EXPECT_FALSE(aggregate({}).ok());
  const Committee committee(1);
  EXPECT_FALSE(verify_aggregate(std::span<const ProvenKey* const>{}, kVote, committee.votes[0]));
  EXPECT_FALSE(verify_aggregate(std::span<const AggregateItem>{}, committee.votes[0]));
  EXPECT_FALSE(verify_aggregate(std::span<const ProvenKey* const>{}, kVote, fixed<Signature>(kInfinityG1)));
  EXPECT_FALSE(aggregate_shares({}, {}, kVote).aggregate.has_value());
}

TEST(Bls, KeysThatCancelOutVerifyNothing) {
  const Committee committee(1);
  const ProvenKey opposite =
      ProvenKey::assume(VerifyingKey::parse(negated(committee.keys[0].key().public_key())).value());
  const std::vector<const ProvenKey*> both = {&committee.keys[0], &opposite};
  EXPECT_FALSE(verify_aggregate(both, kVote, committee.votes[0]));
  EXPECT_FALSE(verify_aggregate(both, kVote, fixed<Signature>(kInfinityG1)));
}

TEST(Bls, SharesOfKeysThatCancelOutGiveNoAggregate) {
  const Committee committee(1);
  const ProvenKey opposite =
      ProvenKey::assume(VerifyingKey::parse(negated(committee.keys[0].key().public_key())).value());
  const std::vector<const ProvenKey*> both = {&committee.keys[0], &opposite};
  const Aggregation result =
      aggregate_shares(both, std::vector<Signature>{committee.votes[0], negated(committee.votes[0])}, kVote);
  EXPECT_EQ(std::ranges::count(result.accepted, 1), 1) << "one of the two, never both";
  ASSERT_TRUE(result.aggregate.has_value());
  EXPECT_TRUE(is_valid(*result.aggregate));
}

TEST(Bls, ARogueKeySignsForAnotherUnlessPossessionIsDemanded) {
  // rogue = x*G2 - (key of seed 0x01...), forged = x*H(vote), proof = x*H_pop(rogue); x from seed 0x99.... By py_ecc.
  Seed seed;
  seed.fill(1);
  const SecretKey victim = SecretKey::from_seed(seed);
  const auto rogue = fixed<PublicKey>(
      "b6a9844451a323af33e3c7aed3a453c0ef8c877dda910ad1168aa04ac4cc64c7f37ac10a90c5819f5ec0df5d088726fa11edb3d74ccfc4d7"
      "35"
      "7e043b2c9f8e361bc060fc267d75de3d64285b59d48e36c1129cfecb290d0c3f19f1f9517ce200");
  const auto forged = fixed<Signature>(
      "85299000e8445f725bedabc321da9f15f2e7df3dbf9efacce1525ab4d049291ee7da3b4243ddb9512c6d85605e4da4a7");
  const auto proof = fixed<Possession>(
      "a52c441cc2d8919f930f5b7eaa51cbc07e6659fbe4c48b9b8fd97ccbcc8b9ca2d08ea5346ae6f774bbae0ed2044408dc");
  const ProvenKey honest = ProvenKey::parse(victim.public_key(), victim.prove_possession()).value();
  const ProvenKey unproven = ProvenKey::assume(VerifyingKey::parse(rogue).value());
  EXPECT_TRUE(verify_aggregate(std::vector<const ProvenKey*>{&honest, &unproven}, kVote, forged))
      << "the attack itself";

  for (const Possession& p : {proof, victim.prove_possession()}) {
    const auto refused = ProvenKey::parse(rogue, p);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, "bad_possession");
  }
}

TEST(Bls, ASignatureOverTheKeyIsNoProofOfPossessionNorTheOtherWayRound) {
  const SecretKey secret = SecretKey::from_seed(seed_of<Seed>(1));
  const VerifyingKey key = VerifyingKey::parse(secret.public_key()).value();
  Possession signature_as_proof;
  signature_as_proof.bytes = secret.sign(secret.public_key().view()).bytes;
  EXPECT_FALSE(verify_possession(key, signature_as_proof));
  Signature proof_as_signature;
  proof_as_signature.bytes = secret.prove_possession().bytes;
  EXPECT_FALSE(verify(key, secret.public_key().view(), proof_as_signature));
}

TEST(Bls, SharesAddUpWithoutTheBadOnesWhereverTheyStand) {
  const Committee committee(9);
  for (const std::vector<size_t>& bad : std::vector<std::vector<size_t>>{{}, {0}, {4}, {8}, {0, 8}, {2, 3, 5}}) {
    auto votes = committee.votes;
    std::vector<uint8_t> expected(votes.size(), 1);
    for (const size_t i : bad) {
      votes[i] = i % 2 == 0 ? SecretKey::from_seed(seed_of<Seed>(77)).sign(kVote) : fixed<Signature>(kInfinityG1);
      expected[i] = 0;
    }
    const Aggregation result = aggregate_shares(committee.pointers, votes, kVote);
    EXPECT_EQ(result.accepted, expected);
    std::vector<const ProvenKey*> signers;
    for (size_t i = 0; i < votes.size(); ++i) {
      if (result.accepted[i] == 1) signers.push_back(committee.pointers[i]);
    }
    ASSERT_TRUE(result.aggregate.has_value());
    EXPECT_TRUE(verify_aggregate(signers, kVote, *result.aggregate));
  }
}

TEST(Bls, SharesShiftedAgainstEachOtherStillAddUpSoAcceptanceOfAShareProvesNothingAboutIt) {
  const Committee committee(3);
  const Signature shift = SecretKey::from_seed(seed_of<Seed>(9)).sign(kOther);
  auto votes = committee.votes;
  votes[0] = aggregate(std::vector<Signature>{votes[0], shift}).value();
  votes[1] = aggregate(std::vector<Signature>{votes[1], negated(shift)}).value();
  EXPECT_FALSE(verify(committee.keys[0].key(), kVote, votes[0]));
  const Aggregation result = aggregate_shares(committee.pointers, votes, kVote);
  EXPECT_EQ(result.accepted, std::vector<uint8_t>(3, 1));
  EXPECT_EQ(result.aggregate, aggregate(committee.votes).value());
}

TEST(Bls, NoValidShareLeavesNoAggregate) {
  const Committee committee(3);
  const auto result = aggregate_shares(committee.pointers, committee.votes, kOther);
  EXPECT_EQ(result.accepted, std::vector<uint8_t>(3, 0));
  EXPECT_FALSE(result.aggregate.has_value());
}

TEST(Bls, GeneratedKeysComeBackFromTheirSeed) {
  Seed seed;
  const SecretKey secret = SecretKey::generate(seed);
  EXPECT_EQ(SecretKey::from_seed(seed).public_key(), secret.public_key());
  EXPECT_NE(SecretKey::generate().public_key(), secret.public_key());
}

TEST(Bls, SaysWhatIsWrongWithAPoint) {
  const Committee committee(1);
  EXPECT_EQ(fault_of(committee.votes[0]), PointFault::kNone);
  EXPECT_EQ(fault_of(fixed<Signature>(kInfinityG1)), PointFault::kInfinity);
  EXPECT_EQ(fault_of(fixed<Signature>(kOffSubgroupG1)), PointFault::kOffSubgroup);
  EXPECT_EQ(fault_of(fixed<Signature>(kOrderElevenG1)), PointFault::kOffSubgroup);
  EXPECT_EQ(fault_of(Signature()), PointFault::kMalformed);
}

// Many certificates, each of other members over another message.
struct Claims {
  explicit Claims(uint32_t count) : committee(7) {
    for (uint32_t i = 0; i < count; ++i) messages.push_back({'v', static_cast<uint8_t>(i)});
    for (uint32_t i = 0; i < count; ++i) {
      Claim claim{{}, messages[i], {}};
      std::vector<Signature> shares;
      for (uint32_t m = i % 3; m < 7; ++m) {
        claim.keys.push_back(&committee.keys[m]);
        shares.push_back(SecretKey::from_seed(seed_of<Seed>(m)).sign(messages[i]));
      }
      claim.aggregate = aggregate(shares).value();
      list.push_back(claim);
    }
  }
  std::vector<uint8_t> check() const {
    std::vector<uint8_t> ok(list.size(), 2), seeded(list.size(), 2), again(list.size());
    verify_multiple(list, ok);
    verify_multiple(list, seeded, seed_of<Seed>(99));
    for (size_t i = 0; i < list.size(); ++i)
      again[i] = verify_aggregate(list[i].keys, list[i].message, list[i].aggregate);
    EXPECT_EQ(ok, again) << "together as one by one";
    EXPECT_EQ(seeded, again);
    return ok;
  }
  Committee committee;
  std::vector<Bytes> messages;
  std::vector<Claim> list;
};

TEST(BlsMultiple, AcceptsGoodClaimsTogether) {
  for (uint32_t count : {0u, 1u, 2u, 9u}) EXPECT_EQ(Claims(count).check(), std::vector<uint8_t>(count, 1));
}

TEST(BlsMultiple, FindsEachBadClaimAmongGoodOnes) {
  for (size_t bad = 0; bad < 6; ++bad) {
    Claims claims(6);
    claims.list[bad].aggregate = claims.list[(bad + 1) % 6].aggregate;
    std::vector<uint8_t> expected(6, 1);
    expected[bad] = 0;
    EXPECT_EQ(claims.check(), expected) << bad;
  }
}

// Without random coefficients the two errors would cancel out.
TEST(BlsMultiple, TwoClaimsWhoseErrorsCancelOutAreBothRefused) {
  Claims claims(3);
  const Signature shift = SecretKey::from_seed(seed_of<Seed>(50)).sign(kOther);
  Signature& first = claims.list[0].aggregate;
  Signature& second = claims.list[1].aggregate;
  first = aggregate(std::vector<Signature>{first, shift}).value();
  second = aggregate(std::vector<Signature>{second, negated(shift)}).value();
  EXPECT_EQ(claims.check(), (std::vector<uint8_t>{0, 0, 1}));
}

TEST(BlsMultiple, RefusesInfinityPointsOffTheSubgroupAndClaimsOfNobody) {
  Claims claims(5);
  claims.list[0].aggregate = fixed<Signature>(kInfinityG1);
  claims.list[1].aggregate = fixed<Signature>(kOffSubgroupG1);
  claims.list[2].keys.clear();
  claims.list[3].aggregate = Signature();
  EXPECT_EQ(claims.check(), (std::vector<uint8_t>{0, 0, 0, 0, 1}));
}

// A point of order 11 vanishes from the equation for every eleventh coefficient, were the subgroup not checked.
TEST(BlsMultiple, ASmallOrderComponentIsNeverAccepted) {
  for (int i = 0; i < 24; ++i) {
    Claims claims(2);
    claims.list[0].aggregate =
        aggregate(std::vector<Signature>{claims.list[0].aggregate, fixed<Signature>(kOrderElevenG1)}).value();
    EXPECT_EQ(claims.check(), (std::vector<uint8_t>{0, 1}));
  }
}

}  // namespace
}  // namespace tieline::bls
