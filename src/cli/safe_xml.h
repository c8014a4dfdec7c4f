#pragma once
// XML as files from outside are read: the bytes are checked before the parser sees them (cli/xml_scan.h), so that
// nothing can expand, be fetched, or cost more than the file's size. Elements are found by their local name, whatever
// prefix a file uses for a namespace, and each knows its line.
//
// Errors: xml_too_large, and those of cli/xml_scan.h; all but the first name the line.

#include <memory>
#include <pugixml.hpp>
#include <string>
#include <vector>

#include "base/result.h"

namespace tieline::cli {

inline constexpr size_t kXmlBytesMax = size_t{128} * 1024 * 1024;

class SafeXml {
 public:
  static Result<SafeXml> parse(std::string_view text);

  pugi::xml_node root() const { return document_->document_element(); }
  uint64_t line_of(pugi::xml_node node) const;

 private:
  SafeXml() = default;
  std::unique_ptr<pugi::xml_document> document_;
  std::vector<uint32_t> line_ends_;  // kXmlBytesMax is below 2^32
};

std::string_view local_name(const pugi::xml_node& node);
// The first child of that local name; an empty node when there is none.
pugi::xml_node child_of(const pugi::xml_node& node, std::string_view name);
std::vector<pugi::xml_node> children_of(const pugi::xml_node& node, std::string_view name);
// The text of a child, without the blanks around it; empty when there is none. An element within it shows as <name>,
// which no number, time or code is.
std::string text_of(const pugi::xml_node& node, std::string_view child);
std::string attribute_of(const pugi::xml_node& node, std::string_view name);

}  // namespace tieline::cli
