#pragma once
// What an XML file's bytes must be before a parser sees them, in one pass whose work grows with the bytes alone: UTF-8
// without control characters, one outermost element and nothing beside it, no DOCTYPE, no entities but the five of XML
// itself and references to characters that XML has, bounded in depth, in attributes of an element and in parts. What
// is well-formed beyond that is left to the parser.
//
// Errors, each with its line: xml_bad_encoding, xml_malformed, xml_doctype, xml_entity, xml_too_deep, xml_too_many.

#include <string_view>

#include "base/result.h"

namespace tieline::cli {

inline constexpr size_t kXmlDepthMax = 32;
inline constexpr size_t kXmlAttributesMax = 64;          // of one element
inline constexpr size_t kXmlPartsMax = size_t{8} << 20;  // elements and attributes of a file: about 600 MB as a tree

Status scan_xml(std::string_view text);

}  // namespace tieline::cli
