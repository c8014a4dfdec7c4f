#include "cli/greenbutton.h"

#include <map>

namespace tieline::cli {
namespace {

constexpr std::string_view kDelta = "4";
constexpr std::string_view kEnergy = "12";
constexpr int kPowerOfTenMin = -9;
constexpr int kPowerOfTenMax = 9;

using pugi::xml_node;

struct Entry {
  xml_node entry;
  xml_node resource;  // in its content
};

std::vector<std::string> links(const xml_node& entry, std::string_view rel) {
  std::vector<std::string> out;
  for (const xml_node& link : children_of(entry, "link")) {
    if (attribute_of(link, "rel") == rel) out.push_back(attribute_of(link, "href"));
  }
  return out;
}

// Entries by kind, and by their own address.
struct Feed {
  std::map<std::string, Entry> reading_types, meter_readings, usage_points;
  std::map<std::string, std::string> meter_reading_of_blocks;  // the address of its blocks -> its own
  std::map<std::string, std::string> usage_point_of_readings;
  std::vector<Entry> blocks;
};

Feed feed_of(const xml_node& root) {
  Feed feed;
  std::vector<xml_node> entries = children_of(root, "entry");
  if (local_name(root) == "entry") entries.push_back(root);
  for (const xml_node& entry : entries) {
    const xml_node content = child_of(entry, "content");
    const auto self_links = links(entry, "self");
    const std::string self = self_links.empty() ? std::string() : self_links.front();
    for (const xml_node& resource : content.children()) {
      const std::string_view kind = local_name(resource);
      const Entry found{entry, resource};
      if (kind == "ReadingType") feed.reading_types[self] = found;
      if (kind == "MeterReading") {
        feed.meter_readings[self] = found;
        for (const std::string& related : links(entry, "related")) feed.meter_reading_of_blocks[related] = self;
      }
      if (kind == "UsagePoint") {
        feed.usage_points[self] = found;
        for (const std::string& related : links(entry, "related")) feed.usage_point_of_readings[related] = self;
      }
      if (kind == "IntervalBlock") feed.blocks.push_back(found);
    }
  }
  return feed;
}

std::string first_of(const std::vector<std::string>& links) { return links.empty() ? std::string() : links.front(); }

std::optional<XmlFault> type_fault(const xml_node& type) {
  const auto fault = [](const std::string& why) { return XmlFault{"xml_type", why}; };
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

// Everything that the readings of one block have in common.
std::optional<XmlFault> channel_of(const Feed& feed, const Entry& block, const XmlMeters& meters, XmlChannel& channel,
                                   std::string& default_quality) {
  const auto lost = [](const std::string& why) { return XmlFault{"xml_link", why}; };
  const auto reading_at = feed.meter_reading_of_blocks.find(first_of(links(block.entry, "up")));
  if (reading_at == feed.meter_reading_of_blocks.end()) return lost("no MeterReading links to this IntervalBlock");
  const xml_node meter_reading = feed.meter_readings.at(reading_at->second).entry;
  xml_node type;
  for (const std::string& related : links(meter_reading, "related")) {
    if (const auto at = feed.reading_types.find(related); at != feed.reading_types.end()) type = at->second.resource;
  }
  if (!type) return lost("its MeterReading links to no ReadingType of this file");
  if (auto fault = type_fault(type)) return fault;
  channel.obis = *flow_direction(text_of(type, "flowDirection"));
  const std::string power = text_of(type, "powerOfTenMultiplier");
  const auto ten = whole_number(power.empty() ? "0" : power);
  if (!ten || *ten < kPowerOfTenMin || *ten > kPowerOfTenMax) {
    return XmlFault{"xml_type", "powerOfTenMultiplier is " + shown(power) + "; -9 to 9 are read"};
  }
  channel.power_of_ten = static_cast<int>(*ten);
  default_quality = text_of(type, "defaultQuality");
  std::string named;
  const auto point = feed.usage_point_of_readings.find(first_of(links(meter_reading, "up")));
  if (point != feed.usage_point_of_readings.end()) {
    named = text_of(feed.usage_points.at(point->second).entry, "title");
  } else if (meters.meter.empty()) {
    return lost("no UsagePoint links to its MeterReading");
  }
  return meter_of(meters, named, channel.meter);
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

std::optional<XmlFault> reading_fault(const xml_node& node, const XmlChannel& channel,
                                      const std::string& default_quality, Reading& out) {
  out.meter = channel.meter;
  const xml_node period = child_of(node, "timePeriod");
  const auto start = whole_number(text_of(period, "start")), seconds = whole_number(text_of(period, "duration"));
  if (!start || !seconds) return XmlFault{"xml_time", "timePeriod needs start and duration in whole seconds"};
  if (auto fault = interval_of(*start, *seconds, out)) return fault;
  if (auto fault = value_of(text_of(node, "value"), channel, out)) return fault;
  const std::vector<xml_node> marks = children_of(node, "ReadingQuality");
  out.quality = Quality::kMeasured;
  std::vector<std::string> codes;
  for (const xml_node& mark : marks) codes.push_back(text_of(mark, "quality"));
  if (codes.empty()) codes.push_back(default_quality);
  for (const std::string& code : codes) {
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
  const Feed feed = feed_of(xml.root());
  XmlCollector collector(xml);
  for (const Entry& block : feed.blocks) {
    XmlChannel channel;
    std::string default_quality;
    const auto block_fault = channel_of(feed, block, meters, channel, default_quality);
    for (const xml_node& node : children_of(block.resource, "IntervalReading")) {
      Reading reading;
      auto fault = block_fault ? block_fault : reading_fault(node, channel, default_quality, reading);
      collector.add(node, fault, reading);
    }
  }
  return collector.take();
}

}  // namespace tieline::cli
