// The workers: in order, bounded, one sync for all that waits, and silent after a failure.
#include "node/workers.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <future>

#include "../temporary_folder.h"
#include "crypto/real_scheme.h"
#include "energy/private_actions.h"
#include "ledger/private_claims.h"
#include "node/finality.h"
#include "replica/log_format.h"

namespace tieline::node {
namespace {

replica::LogAppend record(replica::Lsn lsn, size_t size, bool sync = true) {
  replica::RecordWriter writer(lsn);
  writer.add(replica::RecordType::kMessage, [&](Writer& w) { w.raw(Bytes(size, 1)); });
  replica::LogAppend out;
  out.lsn = lsn;
  out.bytes = writer.take();
  out.sync = sync;
  return out;
}

std::unique_ptr<storage::VoteLog> started_log(const std::filesystem::path& folder) {
  auto log = storage::VoteLog::open(folder, storage::VoteLogOptions{1024 * 1024});
  EXPECT_TRUE(log.ok());
  EXPECT_TRUE((*log)->start().ok());
  return std::move(*log);
}

TEST(WorkQueue, KeepsOrderAndTakesByWeight) {
  WorkQueue<int> queue(100);
  for (int i = 0; i < 5; ++i) queue.push(i, 10);
  EXPECT_EQ(queue.take(25), (std::vector<int>{0, 1}));
  EXPECT_EQ(queue.take(1), (std::vector<int>{2}));
  EXPECT_EQ(queue.weight(), 20u);
  queue.close();
  EXPECT_EQ(queue.take(100), (std::vector<int>{3, 4}));
  EXPECT_TRUE(queue.take(100).empty());
}

TEST(WorkQueue, WaitsForRoomAndTakesWhatIsHeavierThanItselfAlone) {
  WorkQueue<int> queue(10);
  queue.push(1, 50);
  auto pushed = std::async(std::launch::async, [&] { queue.push(2, 1); });
  EXPECT_EQ(pushed.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  EXPECT_EQ(queue.take(10), (std::vector<int>{1}));
  pushed.get();
  EXPECT_EQ(queue.take(10), (std::vector<int>{2}));
}

TEST(WorkQueue, DropAllWakesEverybodyAndForgets) {
  WorkQueue<int> queue(10);
  queue.push(1, 10);
  auto pushed = std::async(std::launch::async, [&] { queue.push(2, 1); });
  queue.drop_all();
  pushed.get();
  EXPECT_TRUE(queue.take(10).empty());
}

TEST(LogWriter, TellsTheLastLsnOfEverySyncAndFinishesWhatWaits) {
  TemporaryFolder folder;
  auto log = started_log(folder / "log");
  std::vector<replica::Lsn> durable;
  size_t bytes = 0;
  {
    LogWriter writer(
        *log,
        [&](LogWriter::Written written) {
          if (written.durable) durable.push_back(*written.durable);
          bytes += written.bytes;
        },
        [](const Error& error) { ADD_FAILURE() << error.why; });
    for (replica::Lsn lsn = 1; lsn <= 500; ++lsn) writer.push(record(lsn, 100));
    writer.push(replica::LogTrim{500});
    writer.stop(true);
  }
  ASSERT_FALSE(durable.empty());
  EXPECT_TRUE(std::is_sorted(durable.begin(), durable.end()));
  EXPECT_EQ(durable.back(), 500u);
  EXPECT_EQ(bytes, 500 * record(1, 100).bytes.size());
}

TEST(LogWriter, WhatNeedsNoSyncIsWrittenWithoutSayingDurable) {
  TemporaryFolder folder;
  auto log = started_log(folder / "log");
  size_t written_bytes = 0;
  {
    LogWriter writer(
        *log,
        [&](LogWriter::Written written) {
          EXPECT_FALSE(written.durable.has_value());
          written_bytes += written.bytes;
        },
        [](const Error& error) { ADD_FAILURE() << error.why; });
    writer.push(record(1, 100, false));
    writer.stop(true);
  }
  EXPECT_GT(written_bytes, 100u);
}

// In a process of its own: a limit on file sizes stands for a disk that is full.
int fail_once(const std::filesystem::path& folder) {
  ::signal(SIGXFSZ, SIG_IGN);
  auto log = started_log(folder);
  const rlimit limit{1024 * 1024, 1024 * 1024};
  ::setrlimit(RLIMIT_FSIZE, &limit);
  std::atomic<int> failures{0};
  std::atomic<replica::Lsn> durable{0};
  std::string code;
  {
    LogWriter writer(
        *log, [&](LogWriter::Written written) { durable = written.durable.value_or(0); },
        [&](const Error& error) {
          code = error.code;
          ++failures;
        });
    writer.push(record(1, 1'000));
    while (durable == 0) ::usleep(1'000);
    writer.push(record(2, 2 * 1024 * 1024));
    for (replica::Lsn lsn = 3; lsn < 100; ++lsn) writer.push(record(lsn, 10));
    while (failures == 0) ::usleep(1'000);
    writer.push(record(100, 10));
    writer.stop(true);
  }
  if (durable != 1) return 1;
  if (failures != 1) return 2;
  return code == "disk_full" ? 0 : 3;
}

TEST(LogWriter, AFailureIsToldOnceAndNothingIsDurableAfterwards) {
  TemporaryFolder folder;
  const pid_t child = ::fork();
  if (child == 0) ::_exit(fail_once(folder / "log"));
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(StoreWriter, AppliesInOrderAndHandsOutTheSnapshotOfItsHeight) {
  TemporaryFolder folder;
  auto store = storage::RocksStore::open(folder / "store");
  ASSERT_TRUE(store.ok());
  std::vector<Height> heights;
  std::shared_ptr<const StoreReader> snapshot;
  {
    StoreWriter writer(
        **store,
        [&](StoreWriter::Applied applied) {
          heights.push_back(applied.input.height);
          if (applied.input.snapshot) snapshot = applied.input.snapshot;
        },
        [](const Error& error) { ADD_FAILURE() << error.why; });
    for (Height height = 1; height <= 300; ++height) {
      replica::StoreApply apply;
      apply.height = height;
      apply.batch.push_back({Column::kMeta, Bytes{1}, Bytes{static_cast<uint8_t>(height)}});
      apply.take_snapshot = height == 77;
      writer.push(std::move(apply));
    }
    writer.stop(true);
  }
  ASSERT_EQ(heights.size(), 300u);
  EXPECT_TRUE(std::is_sorted(heights.begin(), heights.end()));
  ASSERT_NE(snapshot, nullptr);
  EXPECT_EQ(snapshot->get(Column::kMeta, Bytes{1}), (Bytes{77}));
  EXPECT_EQ((*store)->get(Column::kMeta, Bytes{1}), (Bytes{static_cast<uint8_t>(300)}));
}

TEST(SignatureChecker, AnswersEveryJobWithItsOwnSignaturesInOrder) {
  const RealVerifier verifier;
  std::mutex mutex;
  std::vector<replica::Verified> answers;
  std::promise<void> all;
  SignatureChecker checker(verifier, [&](SignatureChecker::Checked checked) {
    std::lock_guard lock(mutex);
    EXPECT_GT(checked.cpu_ns, 0);
    for (auto& answer : checked.answers) answers.push_back(std::move(answer));
    if (answers.size() == 50) all.set_value();
  });
  const auto key = ed25519::SecretKey::generate();
  for (uint64_t ticket = 1; ticket <= 50; ++ticket) {
    replica::VerifyJob job;
    job.ticket = ticket;
    for (uint64_t i = 0; i < ticket % 7; ++i) {
      replica::VerifyJob::Item item;
      item.key = key.public_key();
      item.digest.bytes[0] = static_cast<uint8_t>(ticket);
      item.signature = key.sign(item.digest.view());
      if (i == 3) item.signature.bytes[5] ^= 1;
      job.items.push_back(item);
    }
    checker.push(std::move(job));
  }
  all.get_future().wait();
  checker.stop();
  for (uint64_t ticket = 1; ticket <= 50; ++ticket) {
    const replica::Verified& answer = answers[ticket - 1];
    EXPECT_EQ(answer.ticket, ticket);
    ASSERT_EQ(answer.ok.size(), ticket % 7);
    for (size_t i = 0; i < answer.ok.size(); ++i) EXPECT_EQ(answer.ok[i], i == 3 ? 0 : 1);
  }
}

TEST(SignatureChecker, EndorsementsOfTradesAreCheckedBesideThem) {
  const RealVerifier verifier;
  std::promise<replica::Verified> said;
  SignatureChecker checker(verifier, [&](SignatureChecker::Checked checked) {
    EXPECT_EQ(checked.signatures, 5u);
    said.set_value(std::move(checked.answers.at(0)));
  });
  replica::VerifyJob job;
  job.ticket = 7;
  for (uint8_t i = 0; i < 5; ++i) {
    const bls::SecretKey key = bls::SecretKey::from_seed(Hash{}.bytes);
    EndorsementClaim claim;
    claim.key = key.public_key();
    claim.message.bytes[0] = i;
    claim.signature = key.sign(claim.message.view());
    if (i == 2) claim.message.bytes[1] = 1;  // other terms
    job.endorsements.push_back(claim);
  }
  checker.push(std::move(job));
  const replica::Verified answer = said.get_future().get();
  EXPECT_EQ(answer.ticket, 7u);
  EXPECT_TRUE(answer.ok.empty());
  EXPECT_EQ(answer.endorsed, (std::vector<uint8_t>{1, 1, 0, 1, 1}));
}

TEST(SignatureChecker, PrivateRecordsAreCheckedBetweenThem) {
  const RealVerifier verifier;
  const auto secret = [](uint8_t byte) {
    Hash h;
    h.bytes.fill(byte);
    return Secret(h.bytes);
  };
  const Ed25519Signer pseudonym(ed25519::SecretKey::from_seed(secret(1).bytes()));
  const Secret meter = secret(2);
  const std::vector<energy::Receiver> to = {{7, seal::SecretKey::derive(secret(3)).public_key()}};
  const std::vector<energy::Measured> measured = {{Obis::kImport, 900, 900, 0, 5}};
  replica::VerifyJob job;
  for (uint8_t i = 0; i < 4; ++i) {
    EndorsementClaim claim;
    if (i % 2 == 0) {
      auto record = energy::make_private_record({&meter, &pseudonym, 11'000}, ChainId{}, measured, to).value();
      if (i == 2) record.range_proof.back() ^= 1;
      record.signature = pseudonym.sign(energy::signed_digest(ChainId{}, record).view());
      const Bytes bytes = energy::encode_private_record(record);
      claim.record = std::make_shared<const PrivateClaim>(private_claim(ChainId{}, record, bytes, 11'000));
    } else {
      const bls::SecretKey key = bls::SecretKey::from_seed(Hash{}.bytes);
      claim.key = key.public_key();
      claim.signature = key.sign(claim.message.view());
      if (i == 3) claim.message.bytes[0] = 1;
    }
    job.endorsements.push_back(claim);
  }
  std::promise<replica::Verified> said;
  SignatureChecker checker(
      verifier, [&](SignatureChecker::Checked checked) { said.set_value(std::move(checked.answers.at(0))); });
  checker.push(std::move(job));
  EXPECT_EQ(said.get_future().get().endorsed, (std::vector<uint8_t>{1, 1, 0, 0})) << "in the order of the claims";
}

// Records of one pseudonym, each in a transaction of its own: `signed_by` says which of these are signed.
struct Carried {
  explicit Carried(size_t count, size_t readings, auto is_signed) {
    Hash seed;
    seed.bytes.fill(9);
    const Ed25519Signer pseudonym(ed25519::SecretKey::from_seed(seed.bytes));
    const Secret meter(seed.bytes);
    const std::vector<energy::Receiver> to = {{7, seal::SecretKey::derive(meter).public_key()}};
    std::vector<energy::Measured> measured;
    for (size_t i = 0; i < readings; ++i) measured.push_back({Obis::kImport, static_cast<int64_t>(900 * i), 900, 0, 5});
    const auto record = energy::make_private_record({&meter, &pseudonym, 11'000}, ChainId{}, measured, to).value();
    const PrivateClaim made = private_claim(ChainId{}, record, energy::encode_private_record(record), 11'000);
    for (size_t i = 0; i < count; ++i) {
      replica::VerifyJob::Item item;
      item.key = pseudonym.public_key();
      item.digest.bytes[0] = static_cast<uint8_t>(i + 1);
      item.signature = pseudonym.sign(item.digest.view());
      if (!is_signed(i)) item.signature.bytes[0] ^= 1;
      PrivateClaim claim = made;
      claim.carrier = item.digest;
      job.items.push_back(item);
      job.endorsements.push_back({{}, claim.digest, {}, std::make_shared<const PrivateClaim>(claim)});
    }
  }
  std::vector<uint8_t> endorsed() {
    const RealVerifier verifier;
    std::promise<replica::Verified> said;
    SignatureChecker checker(
        verifier, [&](SignatureChecker::Checked checked) { said.set_value(std::move(checked.answers.at(0))); });
    checker.push(std::move(job));
    return said.get_future().get().endorsed;
  }
  replica::VerifyJob job;
};

TEST(SignatureChecker, NothingIsProvedForATransactionThatNobodySigned) {
  EXPECT_EQ(Carried(4, 1, [](size_t i) { return i != 1; }).endorsed(), (std::vector<uint8_t>{1, 0, 1, 1}))
      << "the record itself is good: who copies one from the chain and signs nothing has no proof checked";
}

TEST(SignatureChecker, RecordsTakeABoundedPartOfOneCheck) {
  const uint64_t each = energy::record_work_us(16);
  const auto fit = static_cast<size_t>(kClaimWorkMaxUs / each);
  const std::vector<uint8_t> found = Carried(fit + 5, 16, [](size_t) { return true; }).endorsed();
  std::vector<uint8_t> want(fit, 1);
  want.resize(fit + 5);
  EXPECT_EQ(found, want) << "the rest is for the block that holds them";
}

TEST(FinalitySamples, PercentilesAreNearestRankOverTheNewest) {
  FinalitySamples samples;
  EXPECT_EQ(samples.percentile_ms(50), 0);
  for (int64_t i = 1; i <= 100; ++i) samples.add(i * 1'000);
  EXPECT_DOUBLE_EQ(samples.percentile_ms(50), 50);
  EXPECT_DOUBLE_EQ(samples.percentile_ms(99), 99);
  for (size_t i = 0; i < kFinalitySamples; ++i) samples.add(7'000);
  EXPECT_DOUBLE_EQ(samples.percentile_ms(99), 7);
}

TEST(Histogram, CountsByUpperBound) {
  Histogram histogram(kBatchBuckets);
  histogram.observe(1);
  histogram.observe(2, 3);
  histogram.observe(100'000);
  EXPECT_EQ(histogram.counts()[0], 1u);
  EXPECT_EQ(histogram.counts()[1], 3u);
  EXPECT_EQ(histogram.counts().back(), 1u);
  EXPECT_EQ(histogram.total(), 5u);
  EXPECT_EQ(histogram.sum(), 1 + 6 + 100'000);
}

}  // namespace
}  // namespace tieline::node
