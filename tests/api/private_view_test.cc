// What the private points' views say of a chain that has some (tests/ledger/private_chain.h).

#include "api/private_view.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "../ledger/private_chain.h"
#include "api/market_json.h"

namespace tieline::testing {
namespace {

using nlohmann::json;

json read(const Result<std::string>& text) {
  EXPECT_TRUE(text.ok()) << (text.ok() ? "" : text.error().why);
  return text.ok() ? json::parse(*text) : json();
}
std::string code(const Result<std::string>& text) { return text.ok() ? "" : text.error().code; }

class PrivateView : public ::testing::Test {
 protected:
  PrivateView() { chain_.start(); }
  const Genesis& genesis() const { return chain_.ledger.genesis(); }
  json slots(size_t point, uint32_t count = 2) const {
    return read(api::private_slots_json(genesis(), chain_.view(), chain_.tip.time_ms,
                                        {chain_.signers[point].public_key(), Obis::kImport, kSlotNow}, count));
  }
  json region(uint32_t slot = kSlotNow) const {
    return read(
        api::private_region_json(chain_.ledger, chain_.view(), chain_.tip.time_ms, {kDistributor, kStartS, slot, {}}));
  }
  PrivateChain chain_;
};

TEST_F(PrivateView, APointShowsWhoAnswersForIt) {
  const json point = read(api::private_point_json(genesis(), chain_.view(), chain_.signers[0].public_key()));
  EXPECT_EQ(point["distributor"], "distributor");
  EXPECT_EQ(point["bucket_w"], kBucketW);
  EXPECT_EQ(point["faults"], 0);
  EXPECT_TRUE(point["opened"].empty());
  EXPECT_EQ(code(api::private_point_json(genesis(), chain_.view(), {})), "unknown_pseudonym");
  const MarketChain without;
  EXPECT_EQ(code(api::private_point_json(without.ledger.genesis(), without.view(), {})), "no_private_points");
}

TEST_F(PrivateView, ASlotIsOpenThenAGapThenSubstitutedOrRecorded) {
  EXPECT_EQ(slots(0)["slots"][0]["state"], "open");
  const energy::PrivateRecord record = chain_.record(0, 600);
  const TxPtr tx = chain_.carry(record);
  ASSERT_EQ(chain_.add_one(tx), TxCode::ok);
  const json recorded = slots(0)["slots"][0];
  EXPECT_EQ(recorded["state"], "recorded");
  EXPECT_EQ(recorded["commitment"], to_hex(record.readings[0].commitment));
  EXPECT_EQ(recorded["transaction"], to_hex(tx->id()));
  EXPECT_EQ(recorded["receivers"], (json{"distributor", "regulator"}));
  EXPECT_FALSE(recorded.contains("substitute_wh"));
  EXPECT_EQ(slots(0).dump().find("600"), std::string::npos) << "and not what it is";

  chain_.after(kSlotNow, 24 * kHourMs);
  EXPECT_EQ(slots(1)["slots"][0]["state"], "gap");
  chain_.after(kSlotNow, 48 * kHourMs);
  EXPECT_EQ(slots(1)["slots"][0]["state"], "substituted");
  EXPECT_EQ(slots(1)["slots"][0]["substitute_wh"], kSubstitute);
  EXPECT_EQ(slots(0)["slots"][0]["state"], "recorded");
}

TEST_F(PrivateView, AComplaintShowsHowItStands) {
  const energy::PrivateRecord record = chain_.record(0, 600);
  ASSERT_EQ(chain_.put(record), TxCode::ok);
  const auto complaint = energy::make_complaint(chain_.context(record), record.readings[0].commitment, kDistributor,
                                                participant_key(kDistributor));
  const Hash id = energy::complaint_digest(complaint);
  EXPECT_EQ(code(api::private_complaint_json(genesis(), chain_.view(), id)), "unknown_complaint");
  ASSERT_EQ(chain_.put(complaint), TxCode::ok);
  const json shown = read(api::private_complaint_json(genesis(), chain_.view(), id));
  EXPECT_EQ(shown["state"], "open");
  EXPECT_EQ(shown["receiver"], "distributor");
  EXPECT_TRUE(shown["answer"].is_null());
  EXPECT_EQ(slots(0)["slots"][0]["complaint"], to_hex(id));
  chain_.after(kSlotNow, 30 * kHourMs);
  EXPECT_EQ(slots(0)["slots"][0]["state"], "missing") << "nobody answered";
}

TEST_F(PrivateView, ARegionIsWhatABalanceIsAbout) {
  const energy::PrivateRecord record = chain_.record(0, 600);
  ASSERT_EQ(chain_.put(record), TxCode::ok);
  ASSERT_EQ(chain_.add_one(chain_.meter(kGridCompany, kGridMeter, 9'000, Obis::kExport, kSlotNow)), TxCode::ok);
  ASSERT_EQ(chain_.add_one(chain_.meter(kDistributor, kDistributorMeter, 0, Obis::kExport, kSlotNow)), TxCode::ok);
  EXPECT_EQ(code(api::private_region_json(chain_.ledger, chain_.view(), chain_.tip.time_ms,
                                          {kDistributor, kStartS, kSlotNow, {}})),
            "bad_parameter")
      << "gaps are not known yet";
  chain_.after(kSlotNow, 24 * kHourMs);
  const json shown = region();
  EXPECT_EQ(shown["feeder_in_wh"], 9'000);
  EXPECT_EQ(shown["substituted_drawn_wh"], (kPoints - 1) * kSubstitute);
  EXPECT_EQ(shown["balanced"], false);
  ASSERT_EQ(shown["points"].size(), kPoints);
  size_t with = 0;
  for (const json& point : shown["points"]) {
    if (!point.contains("drawn")) continue;
    ++with;
    EXPECT_EQ(point["pseudonym"], to_hex(chain_.signers[0].public_key()));
    EXPECT_EQ(point["drawn"]["commitment"], to_hex(record.readings[0].commitment));
  }
  EXPECT_EQ(with, 1u);
}

TEST(PrivateActionJson, GoesByItsPayloadAndIsForEverybody) {
  const energy::PrivateAction ruling = energy::PrivateRuling{sha256(view_of("x")), true};
  const std::string payload = to_hex(energy::encode_private_action(ruling));
  const auto from = [](nlohmann::ordered_json j) { return api::private_action_from_json(j, "actions[0]"); };
  const auto back = from({{"action", "private_ruling"}, {"payload", payload}});
  ASSERT_TRUE(back.ok() && back->has_value());
  EXPECT_TRUE(**back == ruling);
  EXPECT_FALSE(from({{"action", "private_ruling"}, {"payload", payload + "00"}}).ok());
  EXPECT_FALSE(from({{"action", "private_ruling"}, {"payload", payload}, {"more", 1}}).ok());
  EXPECT_FALSE(from({{"action", "private_ruling"}}).ok());
  EXPECT_EQ(*from({{"action", "decline"}}), std::nullopt);
  EXPECT_TRUE(api::is_public_action("private_record"));
  EXPECT_FALSE(api::is_public_action("readings"));
}

}  // namespace
}  // namespace tieline::testing
