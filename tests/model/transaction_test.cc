#include "model/transaction.h"

#include <gtest/gtest.h>

#include "canonical.h"
#include "fixtures.h"
#include "model/declaration.h"

namespace tieline {
namespace {

using testing::hash_of;
using testing::signer_of;

Reading reading_of(MeterId meter, std::optional<uint64_t> register_wh = {}) {
  return {meter, Obis::kExport, 1'700'000'100, 900, 12'345, Quality::kMeasured, register_wh};
}

TransactionDraft draft_of() {
  TransactionDraft d;
  d.chain = hash_of("chain");
  d.signatories = {3, 8};
  d.sequence = 17;
  d.timestamp_ms = 1'700'000'000'123;
  d.expiry_height = 5'000;
  d.actions = {{ActionType::kReadings, encode_readings({reading_of(1), reading_of(2, 99)})},
               {ActionType::kData, {1, 2, 3}}};
  return d;
}

Bytes build(const TransactionDraft& draft) {
  std::vector<Ed25519Signer> keys;
  for (ParticipantId id : draft.signatories) keys.push_back(signer_of("participant" + std::to_string(id)));
  std::vector<const Signer*> pointers;
  for (const Ed25519Signer& key : keys) pointers.push_back(&key);
  return build_transaction(draft, pointers);
}

std::string code_of(const Bytes& bytes) {
  auto tx = Transaction::parse(Blob(bytes));
  return tx.ok() ? "ok" : tx.error().code;
}

// A transaction is never re-encoded by the program; here it is, to show that parsing loses nothing.
std::optional<Bytes> parse_and_encode(const Bytes& bytes) {
  auto parsed = Transaction::parse(Blob(bytes));
  if (!parsed.ok()) return std::nullopt;
  const Transaction& tx = **parsed;
  Writer w;
  w.u8(kTxVersion);
  encode(w, tx.chain());
  encode_list(w, tx.signatories());
  w.u64(tx.sequence());
  w.i64(tx.timestamp_ms());
  w.u64(tx.expiry_height());
  w.u32(static_cast<uint32_t>(tx.actions().size()));
  for (const Action& action : tx.actions()) {
    w.u8(static_cast<uint8_t>(action.type));
    w.bytes(action.payload);
  }
  for (const Signature& s : tx.signatures()) encode(w, s);
  return w.take();
}

TEST(Transaction, ComesBackAsItWasBuilt) {
  const TransactionDraft draft = draft_of();
  const Bytes bytes = build(draft);
  auto parsed = Transaction::parse(Blob(bytes));
  ASSERT_TRUE(parsed.ok()) << parsed.error().why;
  const Transaction& tx = **parsed;
  EXPECT_EQ(tx.chain(), draft.chain);
  EXPECT_EQ(tx.signatories(), draft.signatories);
  EXPECT_EQ(tx.signer(), 3u);
  EXPECT_EQ(tx.sequence(), 17u);
  EXPECT_EQ(tx.timestamp_ms(), draft.timestamp_ms);
  EXPECT_EQ(tx.expiry_height(), 5'000u);
  ASSERT_EQ(tx.actions().size(), 2u);
  auto readings = decode_readings(tx.actions()[0].payload);
  ASSERT_TRUE(readings.ok());
  EXPECT_EQ(*readings, (std::vector<Reading>{reading_of(1), reading_of(2, 99)}));
  EXPECT_EQ(tx.id(), sha256(bytes));
}

TEST(Transaction, IsSignedByEachSignatoryOverTheUnsignedPart) {
  const Bytes bytes = build(draft_of());
  auto tx = Transaction::parse(Blob(bytes));
  ASSERT_TRUE(tx.ok());
  const ByteView unsigned_part = ByteView(bytes).first(bytes.size() - 2 * 64);
  EXPECT_EQ((*tx)->signed_digest(), tagged_hash("tieline/tx/1", {unsigned_part}));
  const Ed25519Verifier verifier;
  ASSERT_EQ((*tx)->signatures().size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    const auto key = signer_of("participant" + std::to_string((*tx)->signatories()[i])).public_key();
    EXPECT_TRUE(verifier.verify(key, (*tx)->signed_digest().view(), (*tx)->signatures()[i]));
  }
}

TEST(Transaction, KeepsViewsIntoItsOwnBytesAlive) {
  auto tx = Transaction::parse(Blob(build(draft_of())));
  ASSERT_TRUE(tx.ok());
  const ByteView all = (*tx)->bytes().view();
  const ByteView payload = (*tx)->actions()[1].payload;
  EXPECT_GE(payload.data(), all.data());
  EXPECT_LE(payload.data() + payload.size(), all.data() + all.size());
}

TEST(Transaction, HasOneEncoding) { testing::expect_canonical_bytes(build(draft_of()), parse_and_encode); }

TEST(Transaction, GarbageIsRefusedAndHarmless) {
  testing::expect_garbage_is_harmless(build(draft_of()), parse_and_encode, 2);
}

TEST(Transaction, EveryFlippedBitGivesAnotherIdOrIsRefused) {
  const Bytes bytes = build(draft_of());
  const TxId id = sha256(bytes);
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    Bytes flipped = bytes;
    flipped[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
    auto tx = Transaction::parse(Blob(flipped));
    ASSERT_FALSE(tx.ok() && (*tx)->id() == id);
  }
}

TEST(Transaction, OfAnotherVersionSaysSo) {
  Bytes bytes = build(draft_of());
  bytes[0] = 2;
  EXPECT_EQ(code_of(bytes), "unknown_version");
}

TEST(Transaction, OverTheSizeLimitIsRefusedByNameAndAtTheLimitAccepted) {
  TransactionDraft draft = draft_of();
  draft.actions = {{ActionType::kData, {}}};
  const size_t frame = build(draft).size();
  draft.actions[0].payload.resize(kTxBytesMax - frame);
  EXPECT_EQ(code_of(build(draft)), "ok");
  draft.actions[0].payload.push_back(0);
  EXPECT_EQ(code_of(build(draft)), "oversized");
}

TEST(Transaction, WithSignatoriesOutOfOrderTwiceNoneOrTooManyIsRefused) {
  TransactionDraft draft = draft_of();
  draft.signatories = {8, 3};
  EXPECT_EQ(code_of(build(draft)), "malformed");
  draft.signatories = {3, 3};
  EXPECT_EQ(code_of(build(draft)), "malformed");
  draft.signatories = {};
  EXPECT_EQ(code_of(build(draft)), "malformed");
  draft.signatories = {1, 2, 3, 4, 5, 6, 7, 8};
  EXPECT_EQ(code_of(build(draft)), "ok");
  draft.signatories.push_back(9);
  EXPECT_EQ(code_of(build(draft)), "malformed");
}

TEST(Transaction, WithNoActionsTooManyOrAnUnknownOneIsRefused) {
  TransactionDraft draft = draft_of();
  draft.actions = {};
  EXPECT_EQ(code_of(build(draft)), "malformed");
  draft.actions.assign(kTxActionsMax, {ActionType::kData, {}});
  EXPECT_EQ(code_of(build(draft)), "ok");
  draft.actions.push_back({ActionType::kData, {}});
  EXPECT_EQ(code_of(build(draft)), "malformed");
  draft.actions = {{static_cast<ActionType>(55), {}}};
  EXPECT_EQ(code_of(build(draft)), "malformed");
  draft.actions = {{static_cast<ActionType>(0), {}}};
  EXPECT_EQ(code_of(build(draft)), "malformed");
}

TEST(Transaction, WithASignatureTooFewOrTooManyIsRefused) {
  Bytes bytes = build(draft_of());
  Bytes longer = bytes;
  longer.insert(longer.end(), 64, 0);
  EXPECT_EQ(code_of(longer), "malformed");
  bytes.resize(bytes.size() - 64);
  EXPECT_EQ(code_of(bytes), "malformed");
  EXPECT_EQ(code_of({}), "malformed");
}

TEST(Reading, Takes27BytesOr35WithARegister) {
  EXPECT_EQ(encoded(reading_of(1)).size(), 27u);
  EXPECT_EQ(encoded(reading_of(1, 5)).size(), 35u);
}

TEST(Reading, HasOneEncoding) {
  testing::expect_canonical(reading_of(7));
  testing::expect_canonical(reading_of(7, 1));
}

TEST(Reading, WithUnknownObisOrQualityIsRefused) {
  for (const auto& [obis, quality, good] :
       {std::tuple{1, 1, true}, {2, 4, true}, {0, 1, false}, {3, 1, false}, {1, 0, false}, {1, 5, false}}) {
    Bytes bytes = encoded(reading_of(1));
    bytes[4] = static_cast<uint8_t>(obis);
    bytes[25] = static_cast<uint8_t>(quality);
    EXPECT_EQ(decoded<Reading>(bytes, "reading").ok(), good) << obis << " " << quality;
  }
}

TEST(Readings, AreBoundedAndEndExactly) {
  std::vector<Reading> many(kReadingsPerTxMax, reading_of(1));
  EXPECT_TRUE(decode_readings(encode_readings(many)).ok());
  many.push_back(reading_of(1));
  EXPECT_FALSE(decode_readings(encode_readings(many)).ok());
  Bytes extra = encode_readings({reading_of(1)});
  extra.push_back(0);
  EXPECT_FALSE(decode_readings(extra).ok());
  EXPECT_FALSE(decode_readings(Bytes{0xff, 0xff, 0xff, 0xff}).ok()) << "a count that the input cannot hold";
  EXPECT_TRUE(decode_readings(encode_readings({})).ok()) << "whether none are allowed is the ledger's question";
}

TEST(Declarations, ComeBackAreBoundedAndEndExactly) {
  Declaration d;
  d.meter = 7;
  d.kind = DeclarationKind::kLineCapacity;
  d.start_s = 1'700'000'100;
  d.duration_s = 900;
  d.value = 50'000'000;
  const std::vector<Declaration> two = {d, d};
  const Bytes bytes = encode_declarations(two);
  EXPECT_EQ(bytes.size(), 4 + 2 * 25u);
  const auto again = decode_declarations(bytes);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(*again, two);
  testing::expect_canonical_bytes(bytes, [](ByteView view) -> std::optional<Bytes> {
    const auto list = decode_declarations(view);
    return list.ok() ? std::optional(encode_declarations(*list)) : std::nullopt;
  });
  EXPECT_FALSE(decode_declarations(encode_declarations(std::vector(kDeclarationsPerTxMax + 1, d))).ok());
  EXPECT_FALSE(decode_declarations(ByteView(bytes).first(bytes.size() - 1)).ok());
}

TEST(Readings, OfAWholeDayForAllMetersFitInATransaction) {
  TransactionDraft draft = draft_of();
  draft.actions = {{ActionType::kReadings, encode_readings(std::vector<Reading>(kReadingsPerTxMax, reading_of(1, 1)))}};
  EXPECT_EQ(code_of(build(draft)), "ok");
}

}  // namespace
}  // namespace tieline
