#include "crypto/hash.h"

#include <gtest/gtest.h>

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
