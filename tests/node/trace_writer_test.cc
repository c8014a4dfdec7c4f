// The trace's file: each start has its own, what was handed over is in it, and whatever goes wrong with the disk ends
// the trace and nothing else.
#include "node/trace_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <csignal>

#include "../temporary_folder.h"
#include "trace/records.h"

namespace tieline::node {
namespace {

using ::testing::HasSubstr;

class TraceWriterTest : public ::testing::Test {
 protected:
  TraceWriterTest() { limits_.file_bytes_max = 1'000'000'000; }
  std::unique_ptr<TraceWriter> open() {
    auto writer =
        TraceWriter::open(root_ / "a.trace", {}, limits_, [this](const Error& error) { ended_.push_back(error); });
    EXPECT_TRUE(writer.ok()) << writer.error().why;
    return std::move(*writer);
  }
  // Every whole record; `torn_` says whether something is left over.
  std::vector<trace::Record> records_in(const std::filesystem::path& file) {
    const Bytes bytes = storage::read_whole(file).value();
    trace::FrameReader frames(trace::read_from(bytes));
    std::vector<trace::Record> out;
    while (true) {
      auto record = frames.next();
      EXPECT_TRUE(record.ok()) << record.error().why;
      if (!record.ok() || !*record) break;
      out.push_back(*trace::decode_record(**record));
    }
    torn_ = frames.torn();
    return out;
  }

  TemporaryFolder folder_;
  const std::filesystem::path& root_ = folder_.path();
  TraceLimits limits_;
  std::vector<Error> ended_;
  bool torn_ = false;
};

TEST_F(TraceWriterTest, WhatIsHandedOverIsInTheFileInOrderAndEachStartHasItsOwn) {
  for (int start = 0; start < 3; ++start) {
    auto writer = open();
    EXPECT_EQ(writer->file(), start == 0 ? root_ / "a.trace" : root_ / ("a.trace." + std::to_string(start)));
    for (uint64_t i = 0; i < 5'000; ++i) writer->put(trace::encode_record(trace::Durable{i}));
    const Blob message = Blob::copy_of(view_of("a message"));
    writer->put_left(trace::encode_left_without_digest({1, 2}), message);
    writer->finish("stopped");
    writer->put(trace::encode_record(trace::Durable{1}));  // too late: dropped
    writer->finish("again");
    const auto records = records_in(writer->file());
    ASSERT_EQ(records.size(), 5'003u);
    EXPECT_FALSE(torn_);
    for (uint64_t i = 0; i < 5'000; ++i) EXPECT_EQ(std::get<trace::Durable>(records[1 + i]).log, i);
    const auto& left = std::get<trace::Left>(records[5'001]);
    EXPECT_EQ(left.to, (std::vector<ValidatorId>{1, 2}));
    Bytes expected = trace::encode_left_without_digest({1, 2});
    trace::append_digest(expected, message);
    EXPECT_EQ(trace::encode_record(left), expected);
    EXPECT_EQ(std::get<trace::End>(records[5'002]).reason, "stopped");
    EXPECT_EQ(writer->bytes(), std::filesystem::file_size(writer->file()));
  }
  EXPECT_TRUE(ended_.empty());
}

TEST_F(TraceWriterTest, WhatWasHandedOverIsThereSoonWithoutAStop) {
  auto writer = open();
  writer->put(trace::encode_record(trace::Durable{7}));
  for (int i = 0; i < 200 && (writer->bytes() == 0 || records_in(writer->file()).size() < 2); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(kTraceWriteMs));
  EXPECT_EQ(records_in(writer->file()).size(), 2u);
}

TEST_F(TraceWriterTest, AtItsSizeItEndsAndSaysSo) {
  limits_.file_bytes_max = 100'000;
  auto writer = open();
  for (uint64_t i = 0; i < 10'000; ++i) writer->put(trace::encode_record(trace::Durable{i}));
  writer->finish("stopped");
  ASSERT_EQ(ended_.size(), 1u);
  EXPECT_EQ(ended_[0].code, "trace_size");
  EXPECT_THAT(ended_[0].why, HasSubstr((root_ / "a.trace").string()));
  const auto records = records_in(writer->file());
  EXPECT_FALSE(torn_);
  EXPECT_EQ(std::get<trace::End>(records.back()).reason, "trace_size");
  EXPECT_GT(records.size(), 1'000u);
  EXPECT_LE(std::filesystem::file_size(writer->file()), 100'000u);
}

TEST_F(TraceWriterTest, ADiskWithLittleRoomIsLeftToTheValidator) {
  limits_.free_bytes_min = UINT64_MAX / 2;
  auto writer = open();
  writer->put(trace::encode_record(trace::Durable{1}));
  writer->finish("stopped");
  ASSERT_EQ(ended_.size(), 1u);
  EXPECT_EQ(ended_[0].code, "disk_full");
}

TEST_F(TraceWriterTest, AFullDiskEndsItInsideARecord) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 300'000;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  auto writer = open();
  for (uint64_t i = 0; i < 20'000; ++i) writer->put(trace::encode_record(trace::Durable{i}));
  writer->finish("stopped");
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  ASSERT_EQ(ended_.size(), 1u);
  EXPECT_EQ(ended_[0].code, "disk_full");
  EXPECT_GT(records_in(writer->file()).size(), 1'000u);  // all that fitted
}

TEST_F(TraceWriterTest, ADiskThatDoesNotFollowEndsItWithoutAGap) {
  limits_.queue_bytes_max = 10'000;
  auto writer = open();
  for (uint64_t i = 0; i < 100'000; ++i) writer->put(trace::encode_record(trace::Durable{i}));
  writer->finish("stopped");
  ASSERT_EQ(ended_.size(), 1u);
  EXPECT_EQ(ended_[0].code, "trace_overflow");
  const auto records = records_in(writer->file());
  EXPECT_EQ(std::get<trace::End>(records.back()).reason, "trace_overflow");
  for (uint64_t i = 0; i + 2 < records.size(); ++i) EXPECT_EQ(std::get<trace::Durable>(records[1 + i]).log, i);
}

TEST_F(TraceWriterTest, APlaceThatCannotBeWrittenIsToldAtTheStart) {
  auto writer = TraceWriter::open(root_ / "absent" / "a.trace", {}, limits_, {});
  ASSERT_FALSE(writer.ok());
  EXPECT_EQ(writer.error().code, "not_found");
}

}  // namespace
}  // namespace tieline::node
