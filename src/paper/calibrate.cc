// The micro-benchmark behind the cost model. Computing is the least of several rounds, since whatever else runs can
// only add to it; a sync is what the fastest tenth of many took at most. The work is that of the node: its crates, its
// codecs, its ledger, its store.

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "consensus/messages.h"
#include "crypto/ed25519_scheme.h"
#include "crypto/hash.h"
#include "ledger/ledger.h"
#include "ledger/memory_store.h"
#include "paper/costs.h"
#include "paper/stopwatch.h"
#include "storage/rocks_store.h"

namespace tieline::paper {
namespace {

constexpr size_t kSmallBatch = 4, kLargeBatch = 64;
constexpr size_t kBlockTx = 20;
constexpr size_t kPayload = 256;
constexpr size_t kSyncs = 100;
constexpr size_t kRecordBytes = 1'024;

using Clock = std::chrono::steady_clock;

struct Folder {
  std::filesystem::path path;
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "tieline-calibrate-XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) path = name;
  }
  ~Folder() {
    std::error_code ignored;
    if (!path.empty()) std::filesystem::remove_all(path, ignored);
  }
};

Ed25519Signer key_of(const std::string& name) {
  return Ed25519Signer(ed25519::SecretKey::from_seed(sha256(view_of(name)).bytes));
}

void measure_signatures(Costs& c) {
  std::vector<Hash> digests;
  std::vector<SignedItem> items;
  for (size_t i = 0; i < kLargeBatch; ++i) digests.push_back(sha256(view_of("digest " + std::to_string(i))));
  for (size_t i = 0; i < kLargeBatch; ++i) {
    const Ed25519Signer signer = key_of("key " + std::to_string(i));
    items.push_back({signer.public_key(), digests[i].view(), signer.sign(digests[i].view())});
  }
  const Ed25519Verifier verifier;
  std::vector<uint8_t> ok(kLargeBatch);
  size_t at = 0;
  c.verify_ns = each_ns(8, [&] {
    const SignedItem& item = items[at++ % items.size()];
    TL_CHECK(verifier.verify(item.key, item.message, item.signature));
  });
  const auto batch = [&](size_t size) {
    return each_ns(1, [&] { verifier.verify_batch(std::span(items).first(size), std::span(ok).first(size)); });
  };
  const int64_t small = batch(kSmallBatch), large = batch(kLargeBatch);
  c.batch_each_ns = std::max<int64_t>(1, (large - small) / static_cast<int64_t>(kLargeBatch - kSmallBatch));
  c.batch_call_ns = std::max<int64_t>(1, small - static_cast<int64_t>(kSmallBatch) * c.batch_each_ns);
  const Ed25519Signer signer = key_of("signer");
  c.sign_ns = each_ns(16, [&] { (void)signer.sign(digests[at++ % digests.size()].view()); });
}

void measure_bytes(Costs& c) {
  const Bytes data(16 * 1'024, 0x5a);
  c.hash_ns_per_kib = std::max<int64_t>(1, each_ns(4, [&] { (void)sha256(ByteView(data)); }) / 16);
  consensus::Confirm confirm;
  confirm.signer = 2;
  confirm.slot = {1, 2, 3};
  confirm.height = 77;
  c.message_ns = each_ns(128,
                         [&] {
                           const auto message = consensus::make_message(confirm);
                           TL_CHECK(consensus::decode_message(message->bytes).ok());
                         }) /
                 2;
}

Status measure_frame(Costs& c) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return Error{"disk_error", "no socket pair"};
  const Bytes frame(kPayload, 0x33);
  Bytes back(kPayload);
  bool whole = true;
  c.frame_ns = each_ns(128,
                       [&] {
                         whole &= ::write(ends[0], frame.data(), frame.size()) == static_cast<ssize_t>(frame.size());
                         whole &= ::read(ends[1], back.data(), back.size()) == static_cast<ssize_t>(back.size());
                       }) /
               2;
  ::close(ends[0]);
  ::close(ends[1]);
  return whole ? Status{} : Status{Error{"disk_error", "a socket pair lost bytes"}};
}

Status measure_ledger(Costs& c, const std::filesystem::path& folder) {
  Genesis g;
  g.network = "calibration";
  g.time_ms = 1'700'000'000'000;
  const Ed25519Signer signer = key_of("participant");
  GenesisParticipant p;
  p.id = 1;
  p.name = "participant";
  p.role = Role::kPlant;
  p.key = signer.public_key();
  g.participants.push_back(p);
  for (size_t i = 0; i < 4; ++i) {
    GenesisValidator v;
    v.id = static_cast<ValidatorId>(i);
    v.name = "validator-" + std::to_string(i);
    v.org = static_cast<OrgId>(i + 1);
    v.key = key_of(v.name).public_key();
    v.bls_key.resize(96);
    v.bls_proof.resize(48);
    g.validators.push_back(v);
  }
  const Ed25519Verifier verifier;
  const Ledger ledger(g, verifier);
  auto store = storage::RocksStore::open(folder / "store");
  if (!store) return store.error();
  (*store)->apply(ledger.genesis_batch());
  BlockDraft draft;
  draft.parent = ledger.genesis_header().digest();
  draft.height = 1;
  draft.time_ms = g.time_ms + 1'000;
  for (size_t i = 0; i < kBlockTx; ++i) {
    TransactionDraft t;
    t.chain = ledger.chain();
    t.signatories = {1};
    t.sequence = i + 1;
    t.timestamp_ms = g.time_ms + 500;
    t.expiry_height = 1'000;
    t.actions = {{ActionType::kData, Bytes(kPayload, static_cast<uint8_t>(i))}};
    const Signer* const keys[] = {&signer};
    auto tx = Transaction::parse(Blob(build_transaction(t, keys)));
    if (!tx) return tx.error();
    draft.txs.push_back(*tx);
  }
  const StateView state(**store);
  c.execute_ns = each_ns(16,
                         [&] {
                           const auto done = ledger.execute(draft, ledger.genesis_header(), state);
                           TL_CHECK(done.ok() && done->results.front().code == 0);
                         }) /
                 static_cast<int64_t>(kBlockTx);
  const auto execution = ledger.execute(draft, ledger.genesis_header(), state);
  Block block{execution->header, execution->header.digest(), draft.txs, {}};
  const StoreBatch batch = ledger.commit_batch(block, *execution, CommitProof{});
  Height height = 1;
  c.apply_ns = each_ns(2, [&] { (*store)->apply_block(height++, batch, false); }) / static_cast<int64_t>(kBlockTx);
  return {};
}

Status measure_sync(Costs& c, const std::filesystem::path& folder) {
  const std::string file = (folder / "log").string();
  const int fd = ::open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) return Error{"disk_error", "cannot write to " + file};
  const Bytes record(kRecordBytes, 0x11);
  const Bytes zeros(kRecordBytes * kSyncs, 0);
  bool whole = ::write(fd, zeros.data(), zeros.size()) == static_cast<ssize_t>(zeros.size()) && ::fsync(fd) == 0;
  std::vector<int64_t> each;
  for (size_t i = 0; i < kSyncs && whole; ++i) {  // into space that is there already, as the node's log does
    const auto began = Clock::now();
    whole = ::pwrite(fd, record.data(), record.size(), static_cast<off_t>(i * kRecordBytes)) ==
                static_cast<ssize_t>(record.size()) &&
            ::fdatasync(fd) == 0;
    each.push_back(std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - began).count());
  }
  ::close(fd);
  if (!whole) return Error{"disk_error", "cannot sync " + file};
  std::nth_element(each.begin(), each.begin() + kSyncs / 10, each.end());
  c.sync_ns = std::max<int64_t>(1'000, each[kSyncs / 10]);
  return {};
}

}  // namespace

Result<Costs> calibrate() {
  const Folder folder;
  if (folder.path.empty()) return Error{"disk_error", "cannot make a temporary folder"};
  Costs c;
  measure_signatures(c);
  measure_bytes(c);
  if (Status s = measure_frame(c); !s.ok()) return s.error();
  if (Status s = measure_ledger(c, folder.path); !s.ok()) return s.error();
  if (Status s = measure_sync(c, folder.path); !s.ok()) return s.error();
  return c;
}

std::string this_machine() {
  std::ifstream info("/proc/cpuinfo");
  std::string model = "unknown processor";
  for (std::string line; std::getline(info, line);) {
    const size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) {
      model = line.substr(colon + 2);
      break;
    }
  }
  std::erase(model, '"');
  return model + ", Ed25519 code " + std::string(ed25519::backend());
}

}  // namespace tieline::paper
