#include "cli/submission.h"

#include <gtest/gtest.h>

#include <map>

#include "model/declaration.h"

namespace tieline::cli {
namespace {

const Genesis kGenesis;
const MeterTable kMeters = {{"bakery-1", {5, 2}}};

std::string refusal(const std::string& json) {
  auto out = parse_submission(json, kMeters, kGenesis);
  EXPECT_TRUE(out.ok() || out.error().code == "submission_invalid");
  return out.ok() ? "" : out.error().why;
}
std::string with(const std::string& field, const std::string& value) {
  std::map<std::string, std::string> fields = {{"meter", "\"bakery-1\""},
                                               {"obis", "\"1-0:1.8.0\""},
                                               {"start", "\"2026-01-05T08:00:00Z\""},
                                               {"seconds", "900"},
                                               {"wh", "2150"},
                                               {"quality", "\"measured\""}};
  if (value.empty()) {
    fields.erase(field);
  } else {
    fields[field] = value;
  }
  std::string out;
  for (const auto& [name, text] : fields) out += (out.empty() ? "\"" : ",\"") + name + "\":" + text;
  return "{\"readings\":[{" + out + "}]}";
}

TEST(Submission, ReadsReadingsDataAndWhatIsGivenBesides) {
  auto out = parse_submission(R"({"readings":[{"meter":"bakery-1","obis":"1-0:1.8.0","start":"2026-01-05T08:00:00Z",
    "seconds":900,"wh":2150,"quality":"measured","register_wh":77}],"data_hex":"00ff","sequence":7,"timestamp_ms":8,"expiry_height":9})",
                              kMeters, kGenesis);
  ASSERT_TRUE(out.ok()) << out.error().why;
  ASSERT_EQ(out->actions.size(), 2u);
  const Reading wanted{5, Obis::kImport, 1'767'600'000, 900, 2150, Quality::kMeasured, 77};
  EXPECT_EQ((*decode_readings(out->actions[0].payload)).front(), wanted);
  EXPECT_EQ(out->actions[1].payload, (Bytes{0, 255}));
  EXPECT_EQ(out->sequence, 7u);
  EXPECT_EQ(out->timestamp_ms, 8);
  EXPECT_EQ(out->expiry_height, 9u);
}

TEST(Submission, ReadsDeclarationsAndRefusesAKindThatIsNone) {
  const std::string one = R"({"declarations":[{"meter":"bakery-1","kind":"line_capacity","start":"2026-01-05T08:00:00Z",
    "seconds":900,"value":50000}]})";
  auto out = parse_submission(one, kMeters, kGenesis);
  ASSERT_TRUE(out.ok()) << out.error().why;
  ASSERT_EQ(out->actions.size(), 1u);
  EXPECT_EQ(out->actions[0].type, ActionType::kDeclarations);
  const Declaration wanted{5, DeclarationKind::kLineCapacity, 1'767'600'000, 900, 50'000};
  EXPECT_EQ((*decode_declarations(out->actions[0].payload)).front(), wanted);
  for (const auto& [from, to, place] : {std::tuple("line_capacity", "weather", "declarations[0].kind"),
                                        std::tuple("bakery-1", "bakery-9", "declarations[0].meter"),
                                        std::tuple("\"value\"", "\"worth\"", "needs seconds and value")}) {
    std::string bad = one;
    bad.replace(bad.find(from), std::string(from).size(), to);
    EXPECT_NE(refusal(bad).find(place), std::string::npos) << refusal(bad);
  }
}

TEST(Submission, RefusesWhatItDoesNotUnderstandAndSaysWhere) {
  EXPECT_EQ(refusal(with("wh", "2150")), "");
  for (const auto& [json, part] : std::vector<std::pair<std::string, std::string>>{
           {"", "not JSON"},
           {"{", "not JSON"},
           {"[]", "object"},
           {"{}", "nothing in it"},
           {R"({"data":"x","more":1})", "not known"},
           {R"({"data":7})", "data must be"},
           {R"({"data_hex":"0"})", "hex"},
           {R"({"readings":[]})", "list of 1 to"},
           {R"({"data":"x","sequence":-1})", "sequence"},
           {R"({"data":"x","sequence":1.5})", "sequence"},
           {with("meter", "\"unknown\""), "readings[0].meter"},
           {with("meter", "5"), "readings[0].meter"},
           {with("obis", "\"x\""), "readings[0].obis"},
           {with("start", "\"yesterday\""), "readings[0].start"},
           {with("wh", "-1"), "readings[0].wh"},
           {with("wh", "\"2150\""), "readings[0].wh"},
           {with("wh", ""), "needs seconds and wh"},
           {with("quality", ""), "readings[0].quality"},
           {with("extra", "1"), "not known"},
       }) {
    EXPECT_NE(refusal(json).find(part), std::string::npos) << json << " -> " << refusal(json);
  }
}

}  // namespace
}  // namespace tieline::cli
