#pragma once
// XML as files from outside are read: the bytes are checked before the parser sees them. No DOCTYPE and no entities but
// the five of XML itself and character references, so that nothing can expand or be fetched; UTF-8 only; bounded in
// size and depth. Elements are found by their local name, whatever prefix a file uses for a namespace, and each knows
// its line.
//
// Errors: xml_too_large, xml_bad_encoding, xml_doctype, xml_entity, xml_too_deep, xml_malformed; all but the first two
// name the line.

#include <memory>
#include <pugixml.hpp>
#include <string>
#include <vector>

#include "base/result.h"

namespace tieline::cli {

inline constexpr size_t kXmlBytesMax = size_t{128} * 1024 * 1024;
inline constexpr size_t kXmlDepthMax = 32;

class SafeXml {
 public:
  static Result<SafeXml> parse(std::string_view text);

  pugi::xml_node root() const { return document_->document_element(); }
  uint64_t line_of(pugi::xml_node node) const;

 private:
  SafeXml() = default;
  std::unique_ptr<pugi::xml_document> document_;
  std::vector<size_t> line_ends_;
};

std::string_view local_name(const pugi::xml_node& node);
// The first child of that local name; an empty node when there is none.
pugi::xml_node child_of(const pugi::xml_node& node, std::string_view name);
std::vector<pugi::xml_node> children_of(const pugi::xml_node& node, std::string_view name);
// The text of a child, without the blanks around it; empty when there is none.
std::string text_of(const pugi::xml_node& node, std::string_view child);
std::string attribute_of(const pugi::xml_node& node, std::string_view name);

}  // namespace tieline::cli
