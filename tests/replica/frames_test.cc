// Frames: every kind comes back as it went; whatever is cut, padded, unknown or garbage gets its code and nothing else.

#include "replica/frames.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "crypto/hash.h"

namespace tieline::replica {
namespace {

constexpr size_t kMax = 16 * 1024 * 1024;

Hash hash(uint8_t n) { return sha256(Bytes{n}); }
Blob blob(size_t n) { return Blob(Bytes(n, 7)); }

CommitProof proof() {
  CommitProof p;
  p.certificate.slot = Slot{1, 2, 3};
  p.certificate.height = 4;
  p.certificate.block = hash(1);
  p.certificate.signers.insert(0);
  p.certificate.signers.insert(2);
  p.certificate.signatures.resize(2);
  return p;
}

std::vector<Frame> samples() {
  SnapshotOffer offer;
  offer.body = SnapshotOffer::Body{{}, blob(40), {TxResult{hash(2), 6}}, proof(), {}};
  Chunk chunk{9, Bytes{1, 2}, true, false, {{Bytes{1, 2, 3}, Bytes{4}}, {Bytes{1, 3}, Bytes{}}}};
  return {ConsensusFrame{blob(33)},
          TransactionsFrame{{blob(5), blob(6)}, std::nullopt},
          TransactionsFrame{{blob(5)}, BatchSeal{3, {}}},
          TransactionsRequest{{hash(3), hash(4)}},
          TransactionsAnswer{{blob(9)}, {hash(5)}},
          BlockRequest{hash(6)},
          BlockAnswer{hash(7), blob(12)},
          BlockAnswer{hash(7), std::nullopt},
          BlocksRequest{77},
          BlocksAnswer{5, 9, {blob(3)}, proof(), std::nullopt},
          BlocksAnswer{5, 9, {}, std::nullopt, std::nullopt},
          SnapshotRequest{3},
          offer,
          SnapshotOffer{},
          ChunkRequest{4, Bytes{1}},
          chunk,
          StatusFrame{1, 2, 3, hash(8), 4},
          HistoryRequest{12},
          HistoryAnswer{12, {{blob(7), {0, 6}, proof()}}, {}},
          HistoryAnswer{12, {}, {}},
          RelayFrame{3, proof().certificate.signers, {}, blob(21)},
          RelayHave{3, {1, 2, 3}, hash(9), proof().certificate.signers},
          RelayPull{hash(10)}};
}

std::string code_of(const Bytes& bytes, size_t max = kMax) {
  auto frame = decode_frame(Blob(bytes), max);
  return frame.ok() ? "" : frame.error().code;
}

Bytes bytes_of(const Frame& frame) {
  const Blob b = encode_frame(frame);
  return {b.view().begin(), b.view().end()};
}

TEST(Frames, EveryKindComesBackAsItWent) {
  for (const Frame& frame : samples()) {
    const Bytes bytes = bytes_of(frame);
    auto again = decode_frame(Blob(bytes), kMax);
    ASSERT_TRUE(again.ok()) << frame.index();
    EXPECT_EQ(again->index(), frame.index());
    EXPECT_EQ(bytes_of(*again), bytes);
  }
}

TEST(Frames, EveryTruncationIsMalformedExceptWhereTheBodyHasNoLength) {
  for (const Frame& frame : samples()) {
    const Bytes bytes = bytes_of(frame);
    for (size_t n = 0; n < bytes.size(); ++n) {
      const Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n));
      // The message decoder judges what stands at the end of these.
      if (std::holds_alternative<ConsensusFrame>(frame) && n >= 2) continue;
      if (std::holds_alternative<RelayFrame>(frame) && n + 21 >= bytes.size()) continue;
      EXPECT_EQ(code_of(cut), "frame_malformed") << frame.index() << " cut to " << n;
    }
  }
}

TEST(Frames, BytesLeftOverAreMalformed) {
  for (const Frame& frame : samples()) {
    if (std::holds_alternative<ConsensusFrame>(frame) || std::holds_alternative<RelayFrame>(frame)) continue;
    Bytes bytes = bytes_of(frame);
    bytes.push_back(0);
    EXPECT_EQ(code_of(bytes), "frame_malformed") << frame.index();
  }
}

TEST(Frames, UnknownVersionsAndKindsAreNamed) {
  Bytes bytes = bytes_of(BlocksRequest{1});
  bytes[0] = 2;
  EXPECT_EQ(code_of(bytes), "frame_unknown_version");
  bytes[0] = 1;
  for (uint8_t kind : {uint8_t{0}, static_cast<uint8_t>(std::variant_size_v<Frame> + 1), uint8_t{255}}) {
    bytes[1] = kind;
    EXPECT_EQ(code_of(bytes), "frame_unknown_kind");
  }
}

TEST(Frames, AFrameOverTheBoundIsRefusedBeforeItIsRead) {
  const Bytes bytes = bytes_of(TransactionsFrame{{blob(2'000)}});
  EXPECT_EQ(code_of(bytes, bytes.size()), "");
  EXPECT_EQ(code_of(bytes, bytes.size() - 1), "frame_over_size");
}

TEST(Frames, ACountThatTheBytesCannotHoldAllocatesNothing) {
  Writer w;
  w.u8(kFrameVersion);
  w.u8(3);  // request for transactions
  w.u32(8'000);
  EXPECT_EQ(code_of(w.take()), "frame_malformed");
}

TEST(Frames, ATransactionOverItsBoundIsMalformed) {
  EXPECT_EQ(code_of(bytes_of(TransactionsFrame{{blob(kTxBytesMax + 1)}})), "frame_malformed");
  EXPECT_EQ(code_of(bytes_of(TransactionsFrame{{blob(kTxBytesMax)}})), "");
}

TEST(Frames, BlocksComeWithAProofAndOnlyThen) {
  EXPECT_EQ(code_of(bytes_of(BlocksAnswer{1, 2, {blob(3)}, std::nullopt, std::nullopt})), "frame_malformed");
  EXPECT_EQ(code_of(bytes_of(BlocksAnswer{1, 2, {}, proof(), std::nullopt})), "frame_malformed");
}

TEST(Frames, TransactionsAreSlicesOfTheFrame) {
  const Blob frame = encode_frame(TransactionsFrame{{blob(100), blob(50)}});
  auto decoded = decode_frame(frame, kMax);
  ASSERT_TRUE(decoded.ok());
  const auto& list = std::get<TransactionsFrame>(*decoded).transactions;
  ASSERT_EQ(list.size(), 2u);
  for (const Blob& b : list) {
    EXPECT_GE(b.data(), frame.data());
    EXPECT_LE(b.data() + b.size(), frame.data() + frame.size());
  }
}

TEST(Frames, GarbageNeverCrashesTheDecoder) {
  Rng rng(7);
  for (int round = 0; round < 20'000; ++round) {
    Bytes bytes(rng.below(200));
    for (uint8_t& b : bytes) b = static_cast<uint8_t>(rng.next());
    if (bytes.size() >= 2) {
      bytes[0] = kFrameVersion;
      bytes[1] = static_cast<uint8_t>(1 + rng.below(std::variant_size_v<Frame>));
    }
    (void)code_of(bytes);
  }
}

}  // namespace
}  // namespace tieline::replica
