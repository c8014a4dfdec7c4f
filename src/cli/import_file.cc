#include "cli/import_file.h"

#include "cli/cim_readings.h"
#include "cli/greenbutton.h"

namespace tieline::cli {
namespace {

bool looks_like_xml(std::string_view text) {
  // As UTF-16 it is refused, but as what it is.
  for (const std::string_view utf16 : {std::string_view("\xff\xfe<\0", 4), std::string_view("\xfe\xff\0<", 4)}) {
    if (text.starts_with(utf16)) return true;
  }
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  const size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '<';
}

Result<ImportFormat> xml_format(const SafeXml& xml, std::string_view wanted) {
  if (wanted == "greenbutton") return ImportFormat::kGreenButton;
  if (wanted == "cim") return ImportFormat::kCim;
  const std::string_view root = local_name(xml.root());
  if (root == "feed" || root == "entry") return ImportFormat::kGreenButton;
  if (root == "MeterReadings" || child_of(xml.root(), "Payload")) return ImportFormat::kCim;
  return Error{"xml_root", "line " + std::to_string(xml.line_of(xml.root())) + ": the outermost element is " +
                               shown(root) + "; feed (Green Button) and MeterReadings (CIM) are read"};
}

}  // namespace

const char* import_format_name(ImportFormat format) {
  switch (format) {
    case ImportFormat::kGreenButton:
      return "greenbutton";
    case ImportFormat::kCim:
      return "cim";
    default:
      return "csv";
  }
}

Result<ImportFile> read_import_file(std::string_view text, std::string_view format, const std::string& meter,
                                    const MeterTable& meters, ParticipantId owner) {
  if (format == "csv" || (format == "auto" && !looks_like_xml(text))) {
    if (!meter.empty()) return Error{"usage", "--meter is for XML; the CSV has a column for it"};
    auto readings = read_readings_csv(text, meters, owner);
    if (!readings) return readings.error();
    return ImportFile{ImportFormat::kCsv, std::move(*readings)};
  }
  auto xml = SafeXml::parse(text);
  if (!xml) return xml.error();
  const auto kind = xml_format(*xml, format);
  if (!kind) return kind.error();
  const XmlMeters whose{&meters, owner, meter};
  auto readings = *kind == ImportFormat::kGreenButton ? read_green_button(*xml, whose) : read_cim_readings(*xml, whose);
  if (!readings) return readings.error();
  return ImportFile{*kind, std::move(*readings)};
}

}  // namespace tieline::cli
