#include "crypto/hash.h"

#include <gtest/gtest.h>

#include <functional>
#include <thread>

#include "crypto/hash_memo.h"
#include "crypto_testing.h"

namespace tieline {
namespace {

using testing::bytes_of_hex;

TEST(Sha256, GivesTheKnownAnswersOfFips180) {
  EXPECT_EQ(to_hex(sha256(ByteView{})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(sha256(view_of("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sha256(view_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(to_hex(sha256(Bytes(1'000'000, 'a'))), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

Bytes pattern(size_t size) {
  Bytes out(size);
  for (size_t i = 0; i < size; ++i) out[i] = static_cast<uint8_t>(i * 7);
  return out;
}

// Every length up to several blocks, short ones by another way than long ones. The answer is that of Python's hashlib:
// sha256(b"".join(sha256(bytes(i * 7 & 255 for i in range(n))).digest() for n in range(1000)))
TEST(Sha256, PadsEveryLengthAsHashlibDoes) {
  Bytes all;
  for (size_t n = 0; n < 1000; ++n) {
    const Hash hash = sha256(pattern(n));
    all.insert(all.end(), hash.bytes.begin(), hash.bytes.end());
  }
  EXPECT_EQ(to_hex(sha256(all)), "5d627ea013b4f60bb79c057eaf24163dc21c429a226ba2c34b2895355337400c");
}

// In a thread of its own: remembering does not end.
TEST(HashMemo, ChangesNoHash) {
  std::vector<Hash> plain;
  const auto hash_all = [&](const std::function<void(const Hash&)>& take) {
    for (size_t n = 0; n < kHashMemoBytesMax + 100; ++n) {
      Bytes text = pattern(n);
      take(sha256(text));
      if (n == 0) continue;
      text.back() ^= 1;  // one bit, at the end where a hurried comparison would miss it
      take(sha256({ByteView(text).first(n / 2), ByteView(text).subspan(n / 2)}));
      take(tagged_hash("tag", {text}));
    }
  };
  hash_all([&](const Hash& hash) { plain.push_back(hash); });
  std::thread([&] {
    ASSERT_EQ(hash_memo(), nullptr);
    remember_hashes();
    ASSERT_NE(hash_memo(), nullptr);
    for (int round = 0; round < 3; ++round) {
      size_t at = 0;
      hash_all([&](const Hash& hash) { EXPECT_EQ(hash, plain.at(at++)); });
    }
  }).join();
  EXPECT_EQ(hash_memo(), nullptr);
}

TEST(HashMemo, FindsWhatItWasGiven) {
  HashMemo memo;
  const std::array<uint8_t, 3 + HashMemo::kPadding> input{1, 2, 3};
  HashMemo::Entry& entry = memo.entry_of(input.data(), 3);
  EXPECT_EQ(entry.size, 0u);
  entry.size = 3;
  EXPECT_EQ(memo.entry_of(input.data(), 3).size, 3u);
}

TEST(Sha256, OfPartsIsThatOfTheirConcatenationWhereverTheyAreCut) {
  Bytes text(200);
  for (size_t i = 0; i < text.size(); ++i) text[i] = static_cast<uint8_t>(i);
  const ByteView all(text);
  for (size_t a = 0; a <= text.size(); a += 7) {
    for (size_t b = a; b <= text.size(); b += 13) {
      EXPECT_EQ(sha256({all.first(a), all.subspan(a, b - a), all.subspan(b)}), sha256(all));
    }
  }
}

TEST(Sha256, TakesMorePartsThanFitInline) {
  const Bytes one(1, 'a');
  std::vector<ByteView> parts(3 * kHashPartsInline, ByteView(one));
  EXPECT_EQ(sha256(parts), sha256(Bytes(3 * kHashPartsInline, 'a')));
}

TEST(TaggedHash, IsTheHashOfLengthTagAndParts) {
  EXPECT_EQ(tagged_hash("ab", {view_of("c"), view_of("d")}), sha256(bytes_of_hex("0261626364")));
}

TEST(TaggedHash, KeepsTagsApartEvenWhenOneContinuesTheOther) {
  EXPECT_NE(tagged_hash("ab", {view_of("c")}), tagged_hash("abc", {}));
  EXPECT_NE(tagged_hash("ab", {view_of("c")}), tagged_hash("a", {view_of("bc")}));
}

TEST(TaggedHashDeathTest, AbortsOnATagWithoutALengthByte) {
  EXPECT_DEATH((void)tagged_hash("", {}), "tag");
  EXPECT_DEATH((void)tagged_hash(std::string(256, 'x'), {}), "tag");
}

}  // namespace
}  // namespace tieline
