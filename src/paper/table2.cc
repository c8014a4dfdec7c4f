// Paper 004, Table 2: what the signatures of a quorum cost, in bytes and in time. Lists of Ed25519 and BLS aggregates
// are the node's own certificates, checked by the node's own code; ECDSA is OpenSSL's, over P-256. Ed25519 is a Schnorr
// signature (over edwards25519, deterministic): it stands in that column.

#include <openssl/ec.h>
#include <openssl/evp.h>

#include <cstdio>
#include <memory>

#include "base/check.h"
#include "crypto/hash.h"
#include "crypto/real_scheme.h"
#include "model/certificate.h"
#include "paper/experiments.h"
#include "paper/numbers.h"
#include "paper/stopwatch.h"

namespace tieline::paper {
namespace {

constexpr size_t kTogether = 32;  // certificates of one batch
constexpr size_t kRawEcdsaBytes = 64;
const std::vector<size_t> kSizes = {4, 7, 10, 16, 25, 34, 50, 64, 80, 100};
const std::vector<size_t> kQuickSizes = {4, 16};

struct EvpFree {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_PKEY_CTX, EvpFree>;

// One ECDSA signer and what it signed.
class Ecdsa {
 public:
  explicit Ecdsa(const Hash& digest) : key_(EVP_EC_gen("P-256")) {
    TL_CHECK_MSG(key_ != nullptr, "OpenSSL has no P-256");
    signature_.resize(static_cast<size_t>(EVP_PKEY_get_size(key_.get())));
    Context context(EVP_PKEY_CTX_new(key_.get(), nullptr));
    size_t size = signature_.size();
    TL_CHECK(EVP_PKEY_sign_init(context.get()) == 1 &&
             EVP_PKEY_sign(context.get(), signature_.data(), &size, digest.bytes.data(), Hash::kSize) == 1);
    signature_.resize(size);
    verify_.reset(EVP_PKEY_CTX_new(key_.get(), nullptr));
    TL_CHECK(EVP_PKEY_verify_init(verify_.get()) == 1);
  }
  bool verify(const Hash& digest) const {
    return EVP_PKEY_verify(verify_.get(), signature_.data(), signature_.size(), digest.bytes.data(), Hash::kSize) == 1;
  }

 private:
  std::unique_ptr<EVP_PKEY, EvpFree> key_;
  Context verify_;
  Bytes signature_;
};

struct Cost {  // of one certificate of a quorum
  size_t bytes = 0;
  int64_t make_ns = 0;   // from the quorum's votes, as they came over the links
  int64_t check_ns = 0;  // of somebody else's, nothing of it known
  int64_t batch_ns = 0;  // the same, one of many that are checked together
  int64_t both_ns() const { return make_ns + check_ns; }
};
struct Line {
  size_t n = 0, quorum = 0;
  Cost list, bls, ecdsa;
};

// A committee whose first members signed the slots 0, 1, ...
struct Signed {
  Signed(size_t n, CertificateKind kind) : chain(sha256(view_of("table 2"))) {
    std::vector<Member> members;
    for (size_t i = 0; i < n; ++i) {
      const Hash seed = sha256(view_of("member " + std::to_string(i)));
      signers.push_back(std::make_unique<RealSigner>(ed25519::SecretKey::from_seed(seed.bytes),
                                                     bls::SecretKey::from_seed(seed.bytes)));
      Member m;
      m.id = static_cast<ValidatorId>(i);
      m.key = signers.back()->public_key();
      m.bls_key = signers.back()->bls_key();
      members.push_back(m);
    }
    committee = Committee(0, chain, std::move(members), FaultModel::kByzantine, kind);
    quorum = committee.count().quorum();
    for (size_t slot = 0; slot < kTogether; ++slot) certificates.push_back(certify(slot));
  }
  Hash digest(size_t slot) const {
    return confirm_digest(chain, {0, 0, static_cast<int64_t>(slot)}, slot + 1, block(slot));
  }
  static Hash block(size_t slot) { return sha256(view_of("block " + std::to_string(slot))); }
  Certificate certify(size_t slot) const {
    Certificate c{{0, 0, static_cast<int64_t>(slot)}, slot + 1, block(slot), {}, {}};
    std::vector<bls::Signature> shares;
    const Hash signed_digest = digest(slot);
    for (size_t i = 0; i < quorum; ++i) {
      c.signers.insert(i);
      if (committee.certificates() == CertificateKind::kBls)
        shares.push_back(signers[i]->sign_share(signed_digest.view()));
      else
        c.signatures.push_back(signers[i]->sign(signed_digest.view()));
    }
    if (!shares.empty()) c.aggregate = bls::aggregate(shares).value();
    return c;
  }
  int64_t check_ns(size_t rounds) const {
    size_t at = 0;
    return each_ns(
        1,
        [&] {
          const Certificate& c = certificates[at++ % certificates.size()];
          TL_CHECK(verify_certificate(c, VotePhase::kConfirm, Threshold::kQuorum, chain, committee, verifier).ok());
        },
        rounds);
  }

  ChainId chain;
  std::vector<std::unique_ptr<RealSigner>> signers;
  Committee committee;
  size_t quorum = 0;
  std::vector<Certificate> certificates;
  const RealVerifier verifier;
};

Cost measure_list(size_t n, size_t rounds) {
  const Signed s(n, CertificateKind::kList);
  const Certificate& c = s.certificates[0];
  const Hash digest = s.digest(0);
  Cost cost;
  cost.bytes = encoded(c).size();
  // The kernel verifies each vote when it comes; its own among them.
  cost.make_ns = each_ns(
      1,
      [&] {
        for (size_t i = 0; i < s.quorum; ++i)
          TL_CHECK(s.verifier.verify(s.committee.at(i).key, digest.view(), c.signatures[i]));
      },
      rounds);
  cost.check_ns = s.check_ns(rounds);
  std::vector<Hash> digests;
  for (size_t slot = 0; slot < kTogether; ++slot) digests.push_back(s.digest(slot));
  std::vector<SignedItem> items;
  for (size_t slot = 0; slot < kTogether; ++slot)
    for (size_t i = 0; i < s.quorum; ++i)
      items.push_back({s.committee.at(i).key, digests[slot].view(), s.certificates[slot].signatures[i]});
  std::vector<uint8_t> ok(items.size());
  cost.batch_ns = each_ns(
                      1, [&] { s.verifier.verify_batch(items, ok); }, std::max<size_t>(3, rounds / kTogether)) /
                  kTogether;
  TL_CHECK(std::find(ok.begin(), ok.end(), 0) == ok.end());
  return cost;
}

Cost measure_bls(size_t n, size_t rounds) {
  const Signed s(n, CertificateKind::kBls);
  const Hash digest = s.digest(0);
  std::vector<const bls::PublicKey*> keys;
  std::vector<bls::Signature> shares;
  for (size_t i = 0; i < s.quorum; ++i) {
    keys.push_back(&s.committee.at(i).bls_key);
    shares.push_back(s.signers[i]->sign_share(digest.view()));
  }
  Cost cost;
  cost.bytes = encoded(s.certificates[0]).size();
  cost.make_ns = each_ns(
      1, [&] { TL_CHECK(s.verifier.aggregate(keys, shares, digest.view()).aggregate.has_value()); }, rounds);
  cost.check_ns = s.check_ns(rounds);
  std::vector<Hash> digests;
  for (size_t slot = 0; slot < kTogether; ++slot) digests.push_back(s.digest(slot));
  std::vector<AggregateItem> items;
  for (size_t slot = 0; slot < kTogether; ++slot)
    items.push_back({keys, digests[slot].view(), *s.certificates[slot].aggregate});
  std::vector<uint8_t> ok(items.size());
  cost.batch_ns = each_ns(
                      1, [&] { s.verifier.verify_aggregates(items, ok); }, std::max<size_t>(3, rounds / kTogether)) /
                  kTogether;
  TL_CHECK(std::find(ok.begin(), ok.end(), 0) == ok.end());
  return cost;
}

Cost measure_ecdsa(size_t n, size_t rounds, size_t list_bytes) {
  const size_t quorum = Quorum{n}.quorum();
  const Hash digest = sha256(view_of("vote"));
  std::vector<Ecdsa> votes;
  votes.reserve(quorum);
  for (size_t i = 0; i < quorum; ++i) votes.emplace_back(digest);
  Cost cost;
  cost.bytes = list_bytes - quorum * Signature::kSize + quorum * kRawEcdsaBytes;
  cost.make_ns = cost.check_ns = cost.batch_ns = each_ns(
      1,
      [&] {
        for (const Ecdsa& vote : votes) TL_CHECK(vote.verify(digest));
      },
      rounds);
  return cost;
}

std::string us(int64_t ns) { return fixed(static_cast<double>(ns) / 1'000, 0); }

// The least n from which on `cheaper` holds; none: it does not hold at the largest.
template <class Cheaper>
std::string from_which(const std::vector<Line>& lines, const Cheaper& cheaper) {
  size_t at = lines.size();
  while (at > 0 && cheaper(lines[at - 1])) --at;
  if (at == lines.size()) return "not up to n = " + std::to_string(lines.back().n);
  return "from n = " + std::to_string(lines[at].n);
}

}  // namespace

Part signature_table(const ExperimentOptions& options, const Told& told) {
  std::vector<Line> lines;
  for (const size_t n : options.quick ? kQuickSizes : kSizes) {
    told("certificates of " + std::to_string(n) + " validators");
    const size_t rounds = options.quick ? 3 : std::max<size_t>(20, kRounds / (1 + n / 16));
    Line line;
    line.n = n;
    line.quorum = Quorum{n}.quorum();
    line.list = measure_list(n, rounds);
    line.bls = measure_bls(n, rounds);
    line.ecdsa = measure_ecdsa(n, rounds, line.list.bytes);
    lines.push_back(line);
  }
  Part part;
  Section& s = part.section;
  s.id = "table2";
  s.title = "Certificates: a list of signatures or one aggregate (paper 004, Table 2)";
  s.text = {
      "A certificate is the votes of a quorum. Made: from the quorum's votes as they come, Ed25519 and ECDSA each "
      "checked "
      "alone, BLS shares added up and checked once. Checked: somebody else's, nothing of it known, keys decompressed "
      "before. Together: the same, per certificate, " +
          std::to_string(kTogether) + " at a time. Least of many rounds on this machine, one thread.",
      "Schnorr is Ed25519 (RFC 8032), ECDSA is P-256 by OpenSSL, 64 bytes raw. Paper 004 gives 64n, 42n and 33n bytes: "
      "ECDSA "
      "is not shorter than Schnorr, and an aggregate does not grow with n but for its bitmap, a bit a validator."};
  Table table{"Bytes and microseconds of one certificate",
              {"n", "quorum", "Schnorr bytes", "made", "checked", "together", "ECDSA bytes", "made", "checked",
               "BLS bytes", "made", "checked", "together"},
              {}};
  std::string csv =
      "n,quorum,list_bytes,list_make_ns,list_check_ns,list_batch_ns,ecdsa_bytes,ecdsa_make_ns,ecdsa_check_ns,bls_bytes,"
      "bls_make_ns,bls_check_ns,bls_batch_ns\n";
  Plot plot{"Making and checking one certificate",
            "validators",
            "microseconds",
            {{"Ed25519 list", {}, {}, {}}, {"BLS aggregate", {}, {}, {}}, {"ECDSA list", {}, {}, {}}},
            false};
  for (const Line& l : lines) {
    table.rows.push_back({std::to_string(l.n), std::to_string(l.quorum), std::to_string(l.list.bytes),
                          us(l.list.make_ns), us(l.list.check_ns), us(l.list.batch_ns), std::to_string(l.ecdsa.bytes),
                          us(l.ecdsa.make_ns), us(l.ecdsa.check_ns), std::to_string(l.bls.bytes), us(l.bls.make_ns),
                          us(l.bls.check_ns), us(l.bls.batch_ns)});
    for (const uint64_t value :
         {l.n, l.quorum, l.list.bytes, static_cast<size_t>(l.list.make_ns), static_cast<size_t>(l.list.check_ns),
          static_cast<size_t>(l.list.batch_ns), l.ecdsa.bytes, static_cast<size_t>(l.ecdsa.make_ns),
          static_cast<size_t>(l.ecdsa.check_ns), l.bls.bytes, static_cast<size_t>(l.bls.make_ns),
          static_cast<size_t>(l.bls.check_ns), static_cast<size_t>(l.bls.batch_ns)})
      csv += std::to_string(value) + ",";
    csv.back() = '\n';
    const Cost* costs[] = {&l.list, &l.bls, &l.ecdsa};
    for (size_t i = 0; i < 3; ++i) {
      plot.series[i].x.push_back(static_cast<double>(l.n));
      plot.series[i].y.push_back(static_cast<double>(costs[i]->both_ns()) / 1'000);
    }
  }
  const std::string command = std::string("tieline paper --only table2") + (options.quick ? " --quick" : "");
  const Line& last = lines.back();
  part.rows.push_back({"table2", "signature bytes: Schnorr 64n, ECDSA 42n, BLS 33n", "64n, 42n, 33n",
                       "n = " + std::to_string(last.n) + " (a quorum of " + std::to_string(last.quorum) +
                           "): " + std::to_string(last.list.bytes) + ", " + std::to_string(last.ecdsa.bytes) + " and " +
                           std::to_string(last.bls.bytes) + " bytes, slot and block included",
                       "no", "ECDSA is 64 bytes raw; BLS is 48 bytes and a bit a validator, whatever n is.", command});
  part.rows.push_back(
      {"table2", "aggregates are cheaper", "said, not measured",
       "to check: " + from_which(lines, [](const Line& l) { return l.bls.check_ns < l.list.check_ns; }) +
           "; to make and check once: " +
           from_which(lines, [](const Line& l) { return l.bls.both_ns() < l.list.both_ns(); }) + "; many together: " +
           from_which(lines, [](const Line& l) { return l.bls.batch_ns < l.list.batch_ns; }) + "; in bytes: always",
       "partly", "A pairing costs as much as some tens of Ed25519 checks; bytes are saved at any size.", command});
  s.tables.push_back(std::move(table));
  s.plots.push_back(std::move(plot));
  part.csv.push_back({"table2.csv", csv});
  return part;
}

}  // namespace tieline::paper
