#include "cli/greenbutton.h"

#include <map>

namespace tieline::cli {
namespace {

constexpr std::string_view kDelta = "4";
constexpr std::string_view kEnergy = "12";
constexpr int kPowerOfTenMin = -9;
constexpr int kPowerOfTenMax = 9;

using pugi::xml_node;

XmlFault lost(const std::string& why) { return {"xml_link", why}; }

// What the readings under one MeterReading have in common, or what is wrong with it.
struct Channel {
  std::optional<XmlFault> fault;
  XmlChannel values;
  std::optional<Quality> default_quality;  // none: its code is of no value that is read
};

struct MeterReading {
  std::string up;  // of its UsagePoint's links
  std::vector<std::string> related;
  std::optional<Channel> channel;  // once it was asked for
};

struct UsagePoint {
  std::optional<XmlFault> fault;
  std::string title;
};

struct Blocks {
  std::string up;
  std::vector<xml_node> blocks;
};

// An address that two entries claim leads to neither.
constexpr size_t kAmbiguous = SIZE_MAX;
using Addresses = std::map<std::string, size_t>;

void claim(Addresses& addresses, const std::string& address, size_t by) {
  if (address.empty()) return;
  const auto [at, fresh] = addresses.try_emplace(address, by);
  if (!fresh && at->second != by) at->second = kAmbiguous;
}

// Every entry is looked at once, or a file of few megabytes could ask for a day's work.
struct Feed {
  std::vector<Channel> types;
  std::vector<MeterReading> meter_readings;
  std::vector<UsagePoint> usage_points;
  std::vector<Blocks> blocks;
  Addresses type_at;           // by its own address
  Addresses meter_reading_of;  // by the address of its blocks
  Addresses usage_point_of;    // by the address of its MeterReadings
};

std::string first_of(const std::vector<std::string>& links) { return links.empty() ? std::string() : links.front(); }

std::optional<XmlFault> type_fault(const xml_node& type) {
  const auto fault = [](const std::string& why) { return XmlFault{"xml_type", why}; };
  if (auto twice = repeated(
          type, {"accumulationBehaviour", "kind", "uom", "flowDirection", "powerOfTenMultiplier", "defaultQuality"},
          "xml_type"))
    return twice;
  const std::string accumulation = text_of(type, "accumulationBehaviour");
  if (accumulation != kDelta) {
    return fault("accumulationBehaviour is " + shown(accumulation) + "; only 4 is read, the energy of each interval");
  }
  if (const std::string kind = text_of(type, "kind"); !kind.empty() && kind != kEnergy) {
    return fault("kind is " + shown(kind) + "; only 12 is read, energy");
  }
  if (const std::string unit = text_of(type, "uom"); unit != kUnitWh) {
    return fault("uom is " + shown(unit) + "; only 72 is read, watt-hours");
  }
  if (const std::string way = text_of(type, "flowDirection"); !flow_direction(way)) {
    return fault("flowDirection is " + shown(way) + "; only 1 (to the customer) and 19 (from it) are read");
  }
  return std::nullopt;
}

// ESPI's codes. What was questioned, projected or normalised is no measurement of the interval.
std::optional<Quality> quality_of(std::string_view code) {
  for (std::string_view measured : {"", "0", "14", "17", "18", "19"}) {
    if (code == measured) return Quality::kMeasured;
  }
  if (code == "11") return Quality::kCalculated;
  if (code == "7") return Quality::kSubstituted;
  if (code == "8" || code == "9") return Quality::kEstimated;
  return std::nullopt;
}

Channel channel_of_type(const xml_node& type) {
  Channel out;
  if ((out.fault = type_fault(type))) return out;
  out.values.obis = *flow_direction(text_of(type, "flowDirection"));
  const std::string power = text_of(type, "powerOfTenMultiplier");
  const auto ten = whole_number(power.empty() ? "0" : power);
  if (!ten || *ten < kPowerOfTenMin || *ten > kPowerOfTenMax) {
    out.fault = XmlFault{"xml_type", "powerOfTenMultiplier is " + shown(power) + "; -9 to 9 are read"};
    return out;
  }
  out.values.power_of_ten = static_cast<int>(*ten);
  out.default_quality = quality_of(text_of(type, "defaultQuality"));
  return out;
}

void add_entry(const xml_node& entry, Feed& feed) {
  std::map<std::string_view, std::vector<xml_node>> resources;
  for (const xml_node& content : children_of(entry, "content")) {
    for (const xml_node& resource : content.children()) resources[local_name(resource)].push_back(resource);
  }
  std::map<std::string, std::vector<std::string>> links;
  for (const xml_node& link : children_of(entry, "link"))
    links[attribute_of(link, "rel")].push_back(attribute_of(link, "href"));
  const std::string self = first_of(links["self"]), up = first_of(links["up"]);
  const auto claim_related = [&](Addresses& addresses, size_t by) {
    for (const std::string& related : links["related"]) claim(addresses, related, by);
  };
  if (const auto& types = resources["ReadingType"]; !types.empty()) {
    claim(feed.type_at, self, feed.types.size());
    feed.types.push_back(channel_of_type(types.front()));
    if (types.size() > 1) feed.types.back().fault = lost("its entry has two ReadingTypes");
  }
  if (!resources["UsagePoint"].empty()) {
    claim_related(feed.usage_point_of, feed.usage_points.size());
    feed.usage_points.push_back({repeated(entry, {"title"}, "xml_meter"), text_of(entry, "title")});
  }
  if (!resources["MeterReading"].empty()) {
    claim_related(feed.meter_reading_of, feed.meter_readings.size());
    feed.meter_readings.push_back({up, links["related"], std::nullopt});
  }
  if (auto& blocks = resources["IntervalBlock"]; !blocks.empty()) feed.blocks.push_back({up, std::move(blocks)});
}

Feed feed_of(const xml_node& root) {
  Feed feed;
  if (local_name(root) == "entry") add_entry(root, feed);
  for (const xml_node& entry : children_of(root, "entry")) add_entry(entry, feed);
  return feed;
}

Channel channel_of_meter_reading(const Feed& feed, const MeterReading& reading, const XmlMeters& meters) {
  const auto failed = [](XmlFault fault) { return Channel{std::move(fault), {}, {}}; };
  std::optional<size_t> type;
  for (const std::string& related : reading.related) {
    const auto at = feed.type_at.find(related);
    if (at == feed.type_at.end()) continue;
    if (at->second == kAmbiguous || (type && *type != at->second))
      return failed(lost("its MeterReading links to two ReadingTypes, or two have the address " + shown(related)));
    type = at->second;
  }
  if (!type) return failed(lost("its MeterReading links to no ReadingType of this file"));
  Channel out = feed.types[*type];
  if (out.fault) return out;
  const std::string* named = &meters.meter;
  if (meters.meter.empty()) {
    const auto point = feed.usage_point_of.find(reading.up);
    if (point == feed.usage_point_of.end()) return failed(lost("no UsagePoint links to its MeterReading"));
    if (point->second == kAmbiguous) return failed(lost("two UsagePoints link to its MeterReading"));
    const UsagePoint& found = feed.usage_points[point->second];
    if (found.fault) return failed(*found.fault);
    named = &found.title;
  }
  out.fault = meter_of(meters, *named, out.values.meter);
  return out;
}

Channel channel_of(Feed& feed, const Blocks& blocks, const XmlMeters& meters) {
  const auto at = feed.meter_reading_of.find(blocks.up);
  if (at == feed.meter_reading_of.end()) return {lost("no MeterReading links to this IntervalBlock"), {}, {}};
  if (at->second == kAmbiguous) return {lost("two MeterReadings link to this IntervalBlock"), {}, {}};
  MeterReading& reading = feed.meter_readings[at->second];
  if (!reading.channel) reading.channel = channel_of_meter_reading(feed, reading, meters);
  return *reading.channel;
}

std::optional<XmlFault> reading_fault(const xml_node& node, const Channel& channel, Reading& out) {
  out.meter = channel.values.meter;
  if (auto fault = repeated(node, {"timePeriod"}, "xml_time")) return fault;
  const xml_node period = child_of(node, "timePeriod");
  if (auto fault = repeated(period, {"start", "duration"}, "xml_time")) return fault;
  const auto start = whole_number(text_of(period, "start")), seconds = whole_number(text_of(period, "duration"));
  if (!start || !seconds) return XmlFault{"xml_time", "timePeriod needs start and duration in whole seconds"};
  if (auto fault = interval_of(*start, *seconds, out)) return fault;
  if (auto fault = repeated(node, {"value"}, "xml_value")) return fault;
  if (auto fault = value_of(text_of(node, "value"), channel.values, out)) return fault;
  const std::vector<xml_node> marks = children_of(node, "ReadingQuality");
  if (marks.empty()) {
    if (!channel.default_quality)
      return XmlFault{"xml_quality", "the defaultQuality of its ReadingType is no measured or estimated value"};
    out.quality = *channel.default_quality;
    return std::nullopt;
  }
  out.quality = Quality::kMeasured;
  for (const xml_node& mark : marks) {
    const std::string code = text_of(mark, "quality");
    const auto quality = quality_of(code);
    if (!quality) return XmlFault{"xml_quality", "quality " + shown(code) + " is no measured or estimated value"};
    out.quality = std::max(out.quality, *quality);  // the worst of them
  }
  return std::nullopt;
}

}  // namespace

Result<CsvReadings> read_green_button(const SafeXml& xml, const XmlMeters& meters) {
  const std::string_view root = local_name(xml.root());
  if (root != "feed" && root != "entry") {
    return Error{"xml_root", "line " + std::to_string(xml.line_of(xml.root())) + ": the outermost element is " +
                                 shown(root) + "; a Green Button file has feed"};
  }
  Feed feed = feed_of(xml.root());
  XmlCollector collector(xml);
  for (const Blocks& entry : feed.blocks) {
    const Channel channel = channel_of(feed, entry, meters);
    for (const xml_node& block : entry.blocks) {
      for (const xml_node& node : children_of(block, "IntervalReading")) {
        Reading reading;
        auto fault = channel.fault ? channel.fault : reading_fault(node, channel, reading);
        collector.add(node, fault, reading);
      }
    }
  }
  return collector.take();
}

}  // namespace tieline::cli
