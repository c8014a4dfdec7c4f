#include "net/framing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "base/rng.h"

namespace tieline::net {
namespace {

Bytes pattern(size_t size, uint8_t salt) {
  Bytes out(size);
  for (size_t i = 0; i < size; ++i) out[i] = static_cast<uint8_t>(i * 31 + salt);
  return out;
}

// Feeds `wire` in pieces of at most `piece` bytes and collects what comes out.
Result<std::vector<Frame>> read_all(FrameReader& reader, ByteView wire, size_t piece) {
  std::vector<Frame> out;
  size_t at = 0;
  for (;;) {
    for (;;) {
      auto frame = reader.next();
      if (!frame) return frame.error();
      if (!frame->has_value()) break;
      out.push_back(std::move(**frame));
    }
    if (at == wire.size()) return out;
    const std::span<uint8_t> space = reader.space();
    const size_t n = std::min({space.size(), wire.size() - at, piece});
    std::memcpy(space.data(), wire.data() + at, n);
    reader.filled(n);
    at += n;
  }
}

TEST(Framing, FramesOfEverySizeSurviveReadsOfEverySize) {
  const size_t sizes[] = {0, 1, 2, 100, 32'000, 32'762, 32'763, 32'764, 65'530, 65'536, 70'000, 300'000, 1'000'000};
  Bytes wire;
  for (size_t i = 0; i < std::size(sizes); ++i)
    append_frame(wire, static_cast<uint8_t>(i), pattern(sizes[i], static_cast<uint8_t>(i)));
  for (size_t piece : {7ul, 1'000ul, 65'536ul, 10'000'000ul}) {
    FrameReader reader(1'000'001);
    auto frames = read_all(reader, wire, piece);
    ASSERT_TRUE(frames.ok());
    ASSERT_EQ(frames->size(), std::size(sizes));
    for (size_t i = 0; i < std::size(sizes); ++i) {
      EXPECT_EQ((*frames)[i].kind, i);
      const Bytes want = pattern(sizes[i], static_cast<uint8_t>(i));
      EXPECT_TRUE((*frames)[i].body == Blob(want)) << "size " << sizes[i] << ", piece " << piece;
    }
    EXPECT_FALSE(reader.mid_frame());
  }
}

TEST(Framing, RandomCutsGiveTheSameFrames) {
  Rng rng(7);
  for (int round = 0; round < 20; ++round) {
    Bytes wire;
    std::vector<Bytes> bodies;
    for (int i = 0; i < 30; ++i) {
      bodies.push_back(pattern(rng.below(rng.chance(100'000) ? 400'000 : 3'000), static_cast<uint8_t>(i)));
      append_frame(wire, 9, bodies.back());
    }
    FrameReader reader(500'000);
    auto frames = read_all(reader, wire, 1 + rng.below(50'000));
    ASSERT_TRUE(frames.ok());
    ASSERT_EQ(frames->size(), bodies.size());
    for (size_t i = 0; i < bodies.size(); ++i) EXPECT_TRUE((*frames)[i].body == Blob(bodies[i]));
  }
}

TEST(Framing, AFrameLongerThanTheBoundIsRefusedFromItsHeaderAlone) {
  Bytes wire;
  append_frame(wire, 1, pattern(1'000, 1));
  FrameReader exact(1'001);
  EXPECT_TRUE(read_all(exact, wire, 100).ok());
  FrameReader smaller(1'000);
  auto refused = read_all(smaller, ByteView(wire).first(kFrameHeaderBytes), 100);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "frame_too_long");
}

TEST(Framing, AFrameWithoutAKindIsRefused) {
  const Bytes wire = {0, 0, 0, 0};
  FrameReader reader(100);
  auto refused = read_all(reader, wire, 100);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "frame_empty");
}

TEST(Framing, ATruncatedFrameIsNoticedAtTheEndOfTheStream) {
  Bytes wire;
  append_frame(wire, 1, pattern(100'000, 1));
  for (size_t cut : {1ul, 4ul, 5ul, 6ul, 70'000ul, wire.size() - 1}) {
    FrameReader reader(200'000);
    auto frames = read_all(reader, ByteView(wire).first(cut), 1'000);
    ASSERT_TRUE(frames.ok());
    EXPECT_TRUE(frames->empty());
    EXPECT_TRUE(reader.mid_frame()) << cut;
  }
}

TEST(Framing, MemoryGrowsWithWhatArrivedNotWithWhatWasAnnounced) {
  FrameReader reader(1u << 30);
  const Bytes header = {0, 0, 0, 0x20, 1};  // 512 MiB
  auto frames = read_all(reader, header, 10);
  ASSERT_TRUE(frames.ok());
  EXPECT_LE(reader.space().size(), kFrameGrowBytes);
}

}  // namespace
}  // namespace tieline::net
