// tieline seal, open and bill as their users run them, over a network's folder; nothing of it needs a validator.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "../temporary_folder.h"
#include "cli/make_network.h"
#include "cli/rfc3339.h"
#include "command_line.h"

namespace tieline::cli {
namespace {

constexpr int64_t kStart = 1'762'000'200 / 900 * 900;
constexpr uint64_t kPrice = 250'000'000;

class PrivateCommands : public ::testing::Test {
 protected:
  PrivateCommands() {
    NetworkPlan plan;
    plan.net = net_;
    EXPECT_TRUE(make_network(plan).ok());
  }
  std::string at(const std::string& name) const { return (folder_.path() / name).string(); }
  void write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(write_file(at(name), view_of(text)).ok());
  }
  std::string text_of(const std::string& name) const { return read_text(at(name), 1 << 20).value(); }

  // 96 quarters of 100, 101, ... Wh.
  void write_readings(uint64_t first_wh = 100) {
    std::string csv = "meter,obis,start,seconds,wh,quality\n";
    for (int64_t i = 0; i < 96; ++i)
      csv += "home,1-0:1.8.0," + rfc3339_utc(kStart + 900 * i) + ",900," +
             std::to_string(first_wh + static_cast<uint64_t>(i)) + ",measured\n";
    write("home.csv", csv);
  }
  Ran seal_readings() {
    const Ran meter = tieline({"seal", "meter", "--bucket-w", "11000", "--start", "2025-11-01T00:00:00Z", "--end",
                               "2025-12-01T00:00:00Z", "--net", net_, "-o", at("home.meter")});
    EXPECT_EQ(meter.status, kExitDone) << meter.err;
    write_readings();
    return tieline({"seal", "readings", at("home.csv"), "--meter", at("home.meter"), "--to", "cityline,bakery", "--net",
                    net_, "-o", at("home.records"), "--json"});
  }
  Ran open_bill(std::vector<std::string> more) {
    std::vector<std::string> words = {"bill",       "open",
                                      "--meter",    at("home.meter"),
                                      "--readings", at("home.csv"),
                                      "--records",  at("home.records"),
                                      "--start",    rfc3339_utc(kStart),
                                      "--net",      net_,
                                      "-o",         at("home.bill"),
                                      "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return tieline(words);
  }
  Ran verify_bill(std::vector<std::string> more = {}) {
    std::vector<std::string> words = {"bill",  "verify", at("home.bill"), "--records", at("home.records"),
                                      "--net", net_,     "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return tieline(words);
  }

  TemporaryFolder folder_;
  std::string net_ = (folder_.path() / "net").string();
};

TEST_F(PrivateCommands, AMessageIsShownOnlyAfterItsConfirmation) {
  write("offer.txt", "240 MWh at noon");
  const Ran sealed = tieline({"seal", "message", at("offer.txt"), "--to", "northwire", "--as", "sunfield", "--net",
                              net_, "-o", at("request"), "--keep", at("a.secret")});
  ASSERT_EQ(sealed.status, kExitDone) << sealed.err;
  EXPECT_EQ(text_of("request").find(to_hex(view_of("240 MWh"))), std::string::npos);
  struct stat info {};
  ASSERT_EQ(::stat(at("a.secret").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);

  const Ran opened = tieline({"open", "message", at("request"), "--as", "northwire", "--net", net_, "-o",
                              at("response"), "--keep", at("b.secret"), "--json"});
  ASSERT_EQ(opened.status, kExitDone) << opened.err;
  EXPECT_EQ(opened.last()["from"], "sunfield");
  EXPECT_EQ(opened.out.find("240 MWh"), std::string::npos);

  const Ran confirmed = tieline({"seal", "confirm", at("response"), "--as", "sunfield", "--net", net_, "-o",
                                 at("confirmation"), "--keep", at("a.secret"), "--json"});
  ASSERT_EQ(confirmed.status, kExitDone) << confirmed.err;
  const Ran shown = tieline({"open", "confirmation", at("confirmation"), "--as", "northwire", "--net", net_, "--keep",
                             at("b.secret"), "--json"});
  ASSERT_EQ(shown.status, kExitDone) << shown.err;
  EXPECT_EQ(shown.last()["message"], "240 MWh at noon");
}

TEST_F(PrivateCommands, AMessageForSomebodyElseOrChangedOnTheWayIsRefusedWithItsPhase) {
  write("offer.txt", "240 MWh");
  ASSERT_EQ(tieline({"seal", "message", at("offer.txt"), "--to", "northwire", "--as", "sunfield", "--net", net_, "-o",
                     at("request"), "--keep", at("a.secret")})
                .status,
            kExitDone);
  const Ran other = tieline({"open", "message", at("request"), "--as", "bakery", "--net", net_, "-o", at("response"),
                             "--keep", at("b.secret"), "--json"});
  EXPECT_EQ(other.status, kExitNo);
  EXPECT_EQ(other.last()["phase"], "encryption phase");
  std::string changed = text_of("request");
  changed[changed.size() - 3] = changed[changed.size() - 3] == '0' ? '1' : '0';
  write("request", changed);
  const Ran tampered = tieline({"open", "message", at("request"), "--as", "northwire", "--net", net_, "-o",
                                at("response"), "--keep", at("b.secret"), "--json"});
  EXPECT_EQ(tampered.status, kExitNo);
  EXPECT_EQ(tampered.last()["code"], "does_not_open");
}

TEST_F(PrivateCommands, ReadingsAreOpenedByTheirReceiversAndByNobodyElse) {
  const Ran sealed = seal_readings();
  ASSERT_EQ(sealed.status, kExitDone) << sealed.err;
  EXPECT_EQ(sealed.last()["records"], 6);
  const Ran opened = tieline({"open", "readings", at("home.records"), "--as", "cityline", "--net", net_, "--json"});
  ASSERT_EQ(opened.status, kExitDone) << opened.err;
  const Json last = opened.last();
  ASSERT_EQ(last["readings"].size(), 96u);
  EXPECT_EQ(last["readings"][95]["wh"], 195);
  EXPECT_EQ(last["bad"], 0);
  EXPECT_NE(tieline({"open", "readings", at("home.records"), "--as", "school", "--net", net_}).status, kExitDone);
}

TEST_F(PrivateCommands, ABillIsProvedToItsBillerWithoutAReading) {
  ASSERT_EQ(seal_readings().status, kExitDone);
  const uint64_t wh = 96 * 100 + 95 * 96 / 2;
  const Ran open = open_bill({"--price", std::to_string(kPrice), "--to", "cityline"});
  ASSERT_EQ(open.status, kExitDone) << open.err;
  EXPECT_EQ(open.last()["amount"], wh * kPrice / 1'000'000);
  const Ran verified = verify_bill({"--as", "cityline", "--csv", at("bill.csv")});
  ASSERT_EQ(verified.status, kExitDone) << verified.err;
  EXPECT_EQ(verified.last()["amount"], wh * kPrice / 1'000'000);
  const std::string csv = text_of("bill.csv");
  EXPECT_TRUE(csv.starts_with("pseudonym,obis,set,start,slots,amount,biller\n")) << csv;
  EXPECT_TRUE(csv.ends_with("," + std::to_string(verified.last()["amount"].get<uint64_t>()) + ",cityline\n")) << csv;
  EXPECT_EQ(verify_bill({"--as", "bakery"}).status, kExitNo) << "a receiver of readings is not the biller";
  EXPECT_EQ(verify_bill().status, kExitUsage) << "sealed, and nobody said who opens it";
}

TEST_F(PrivateCommands, AnOpenBillIsCheckedByAnyoneAndNoOtherTariffOrReadingPasses) {
  ASSERT_EQ(seal_readings().status, kExitDone);
  ASSERT_EQ(open_bill({"--price", std::to_string(kPrice)}).status, kExitDone);
  ASSERT_EQ(verify_bill().status, kExitDone);
  Json bill = Json::parse(text_of("home.bill"));
  bill["prices"][7] = kPrice - 1;
  write("home.bill", bill.dump());
  const Ran cheaper = verify_bill();
  EXPECT_EQ(cheaper.status, kExitNo);
  EXPECT_EQ(cheaper.last()["valid"], false);
  write_readings(99);
  EXPECT_NE(open_bill({"--price", std::to_string(kPrice)}).status, kExitDone)
      << "what is claimed to be metered is not what was recorded";
}

TEST_F(PrivateCommands, ASecretIsNeverWrittenOver) {
  write("a.secret", "mine");
  write("offer.txt", "240 MWh");
  const Ran sealed = tieline({"seal", "message", at("offer.txt"), "--to", "northwire", "--as", "sunfield", "--net",
                              net_, "-o", at("request"), "--keep", at("a.secret")});
  EXPECT_EQ(sealed.status, kExitUsage);
  EXPECT_EQ(text_of("a.secret"), "mine");
}

}  // namespace
}  // namespace tieline::cli
