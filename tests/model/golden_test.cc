// The formats stay: what is pinned here must never change without a new version byte. The same files are the test
// vectors of docs/formats/ and the input of receipt_reference.py. TIELINE_REWRITE=1 writes them anew; the diff is then
// reviewed.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "consensus/messages.h"
#include "market_action_samples.h"
#include "receipt_fixture.h"

namespace tieline {
namespace {

using testing::first_positions;
using testing::header_of;
using testing::ReceiptWriter;
using testing::TestCommittee;

std::filesystem::path vectors() { return TIELINE_VECTORS_DIR; }

void expect_golden(const std::string& name, const std::string& now) {
  const std::filesystem::path path = vectors() / name;
  if (std::getenv("TIELINE_REWRITE") != nullptr) {
    std::filesystem::create_directories(vectors());
    std::ofstream(path, std::ios::binary) << now;
  }
  std::ostringstream pinned;
  pinned << std::ifstream(path, std::ios::binary).rdbuf();
  EXPECT_EQ(now, pinned.str()) << "a format has changed: " << path;
}

template <size_t N>
std::array<uint8_t, N> filled(uint8_t byte) {
  std::array<uint8_t, N> out;
  out.fill(byte);
  return out;
}

TEST(Golden, FormatsAreWhatTheyWere) {
  std::ostringstream out;
  const auto line = [&](const char* name, const std::string& value) { out << name << ": " << value << "\n"; };

  // Everything here follows from these few bytes.
  const ChainId chain{filled<32>(0x11)};
  const Ed25519Signer key(ed25519::SecretKey::from_seed(filled<32>(0x01)));
  line("key.seed", to_hex(filled<32>(0x01)));
  line("key.public", to_hex(key.public_key()));

  Reading reading;
  reading.meter = 1;
  reading.start_s = 1'700'000'100;
  reading.duration_s = 900;
  reading.wh = 250;
  line("reading", to_hex(encoded(reading)));
  reading.register_wh = 1'000'000;
  line("reading.with_register", to_hex(encoded(reading)));

  TransactionDraft draft;
  draft.chain = chain;
  draft.signatories = {1};
  draft.sequence = 1;
  draft.timestamp_ms = 1'700'000'000'000;
  draft.expiry_height = 1'000;
  draft.actions = {{ActionType::kReadings, encode_readings({reading})}};
  const Signer* keys[] = {&key};
  auto tx = Transaction::parse(Blob(build_transaction(draft, keys)));
  ASSERT_TRUE(tx.ok());
  line("transaction", to_hex((*tx)->bytes().view()));
  line("transaction.signed_digest", to_hex((*tx)->signed_digest()));
  line("transaction.id", to_hex((*tx)->id()));

  const TxResult result{(*tx)->id(), 0};
  line("result", to_hex(encoded(result)));
  Header header;
  header.chain = chain;
  header.parent = Hash{filled<32>(0x22)};
  header.height = 1;
  header.time_ms = 1'700'000'000'500;
  header.tx_count = 1;
  header.tx_root = tx_root({*tx});
  header.evidence_root = sha256(encoded(Evidence()));
  header.result_root = result_root({result});
  header.writes_digest = Hash{filled<32>(0x33)};
  line("header", to_hex(encoded(header)));
  line("header.digest", to_hex(header.digest()));
  header.next_committee = Hash{filled<32>(0x44)};
  line("header.last_of_epoch", to_hex(encoded(header)));
  line("header.last_of_epoch.digest", to_hex(header.digest()));

  const Slot slot{2, 3, 4};
  line("confirm.digest", to_hex(confirm_digest(chain, slot, 1, header.digest())));
  line("prepare.digest", to_hex(vote_digest(VotePhase::kPrepare, chain, slot, 1, header.digest())));
  line("commit.digest", to_hex(vote_digest(VotePhase::kCommit, chain, slot, 1, header.digest())));
  line("checkpoint.digest", to_hex(checkpoint_digest(chain, 2, 128, header.digest(), Hash{filled<32>(0x55)})));
  line("timeout.digest", to_hex(timeout_digest(chain, ViewChangeKind::kTimeout, 2, 3)));

  Member member;
  member.id = 7;
  member.org = 8;
  member.key = key.public_key();
  member.credit = kCreditOne / 2;
  line("committee", to_hex(encoded(Committee(2, Hash{filled<32>(0x66)}, {member}))));
  line("committee.digest", to_hex(Committee(2, Hash{filled<32>(0x66)}, {member}).digest()));

  std::vector<Member> weighed(6, member);
  for (size_t i = 0; i < weighed.size(); ++i) {
    weighed[i].id = static_cast<ValidatorId>(i);
    weighed[i].trust = std::array<uint32_t, 6>{kTrustOne, kGenesisTrust, kJoinerTrust, kJoinerTrust, 1, 0}[i];
  }
  const Committee weighted(2, Hash{filled<32>(0x66)}, weighed, FaultModel::kWeighted);
  line("committee.weighted", to_hex(encoded(weighted)));
  line("committee.weighted.digest", to_hex(weighted.digest()));

  const TestCommittee sums(4, 0, "validator", 10, CertificateKind::kBls);
  line("certificate.aggregate", to_hex(encoded(sums.certify(chain, {0, 3, 4}, header, first_positions(3)))));
  const TestCommittee t(4);
  line("certificate", to_hex(encoded(t.certify(chain, {0, 3, 4}, header, first_positions(3)))));

  const consensus::MessagePtr heartbeat = consensus::make_message(consensus::Heartbeat{2, 3, 77});
  line("message.heartbeat", to_hex(heartbeat->bytes.view()));
  line("message.heartbeat.digest", to_hex(heartbeat->digest));
  consensus::ViewChange vc;
  vc.signer = 1;
  vc.epoch = 2;
  vc.view = 3;
  vc.leader = 4;
  vc.high_qc.slot = {2, 0, -1};
  line("message.view_change", to_hex(consensus::make_message(vc)->bytes.view()));
  line("message.view_change.signed_digest", to_hex(consensus::view_change_digest(chain, vc)));
  expect_golden("formats.txt", out.str());
}

TEST(Golden, MarketActionsAreWhatTheyWere) {
  std::ostringstream out;
  for (const testing::SampleAction& sample : testing::sample_actions()) {
    out << static_cast<int>(energy::type_of(sample.action)) << " " << sample.name << ": "
        << to_hex(energy::encode_market_action(sample.action)) << "\n";
  }
  const ChainId chain{filled<32>(0x11)};
  out << "trade_id: " << to_hex(energy::trade_id(chain, 1, 2, 3)) << "\n";
  out << "proposal_id: " << to_hex(energy::proposal_id(chain, 1, 2, 3)) << "\n";
  out << "key_message: " << to_hex(energy::key_message(chain, ActionType::kRotateKey, 1, PublicKey{filled<32>(0x12)}))
      << "\n";
  const energy::RevokeKey revocation{1, PublicKey{filled<32>(0x13)}, PublicKey{filled<32>(0x14)}, 5, Signature()};
  out << "revocation_message: " << to_hex(energy::revocation_message(chain, revocation)) << "\n";
  expect_golden("market_actions.txt", out.str());
}

TEST(Golden, GenesisAndReceiptsAreWhatTheyWere) {
  const ReceiptWriter writer;
  expect_golden("genesis.json", genesis_to_json(writer.genesis_));
  expect_golden("chain_id.txt", to_hex(writer.genesis_.chain_id()) + "\n");
  expect_golden("fast.receipt.hex", to_hex(encoded(writer.fast_receipt())) + "\n");
  expect_golden("deep.receipt.hex", to_hex(encoded(writer.deep_receipt())) + "\n");
  const ReceiptWriter sums(CertificateKind::kBls);
  expect_golden("genesis_bls.json", genesis_to_json(sums.genesis_));
  expect_golden("chain_id_bls.txt", to_hex(sums.genesis_.chain_id()) + "\n");
  expect_golden("fast_bls.receipt.hex", to_hex(encoded(sums.fast_receipt())) + "\n");
  expect_golden("deep_bls.receipt.hex", to_hex(encoded(sums.deep_receipt())) + "\n");
}

}  // namespace
}  // namespace tieline
