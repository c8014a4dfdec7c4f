// Plots and sequence diagrams as SVG text. Coordinates are rounded to tenths; only the four operations are used.

#include <algorithm>
#include <cmath>

#include "paper/colours.h"
#include "paper/numbers.h"
#include "paper/report.h"

namespace tieline::paper {
namespace {

constexpr double kWidth = 380, kHeight = 240;
constexpr double kLeft = 58, kRight = 12, kTop = 12, kBottom = 40;
constexpr double kDodge = 5;  // between series at one x, so that intervals do not lie on each other
constexpr size_t kTicksWanted = 5;
constexpr double kLane = 46, kStep = 19, kLabel = 380;

std::string at(double v) { return plain(v, 1); }

// The binary logarithm by squaring: libm is not the same everywhere.
double log2_of(double v) {
  double whole_part = 0;
  while (v >= 2) {
    v /= 2;
    whole_part += 1;
  }
  while (v < 1) {
    v *= 2;
    whole_part -= 1;
  }
  double bit = 0.5;
  for (int i = 0; i < 20; ++i, bit /= 2) {
    v *= v;
    if (v >= 2) {
      v /= 2;
      whole_part += bit;
    }
  }
  return whole_part;
}

struct Axis {
  double low = 0, high = 1;
  bool logarithmic = false;
  std::vector<double> ticks = {};
  double share(double v) const {
    if (!logarithmic) return (v - low) / (high - low);
    return (log2_of(v) - log2_of(low)) / (log2_of(high) - log2_of(low));
  }
};

// 1, 2 or 5 times a power of ten, so that about `wanted` of them cover `span`.
double nice_step(double span, size_t wanted) {
  double step = 1;
  const double raw = span / static_cast<double>(wanted);
  while (step > raw) step /= 10;
  while (step * 10 <= raw) step *= 10;
  for (const double factor : {1.0, 2.0, 5.0, 10.0})
    if (step * factor >= raw) return step * factor;
  return step * 10;
}

Axis y_axis(const Plot& plot) {
  double least = 0, most = 0;
  bool any = false;
  for (const Series& s : plot.series) {
    for (size_t i = 0; i < s.y.size(); ++i) {
      // An interval wider than its value would leave no room for the others: it is cut at the edge.
      const double half = std::min(i < s.half.size() ? s.half[i] : 0, s.y[i]);
      most = any ? std::max(most, s.y[i] + half) : s.y[i] + half;
      least = any ? std::min(least, s.y[i]) : s.y[i];
      any = true;
    }
  }
  Axis axis;
  axis.logarithmic = plot.logarithmic && any && least > 0;
  if (!any || most <= 0) return axis;
  if (axis.logarithmic) {
    axis.low = 1;
    while (axis.low * 10 <= least) axis.low *= 10;
    axis.high = axis.low;
    while (axis.high < most) axis.high *= 10;
    for (double tick = axis.low; tick <= axis.high; tick *= 10) axis.ticks.push_back(tick);
    return axis;
  }
  const double step = nice_step(most, kTicksWanted);
  axis.high = 0;
  while (axis.high < most) axis.high += step;
  for (double tick = 0; tick <= axis.high + step / 2; tick += step) axis.ticks.push_back(tick);
  return axis;
}

std::string tick_text(double v) {
  if (v >= 10 || v == 0) return whole(v);
  const std::string text = fixed(v, 2);
  const size_t last = text.find_last_not_of('0');
  return text.substr(0, text[last] == '.' ? last : last + 1);
}

}  // namespace

std::string svg_of(const Plot& plot) {
  const Axis y = y_axis(plot);
  std::vector<double> xs;
  for (const Series& s : plot.series) xs.insert(xs.end(), s.x.begin(), s.x.end());
  std::sort(xs.begin(), xs.end());
  xs.erase(std::unique(xs.begin(), xs.end()), xs.end());
  if (xs.empty()) xs = {0, 1};
  const double margin = xs.size() > 1 ? (xs.back() - xs.front()) * 0.06 : 1;
  Axis x{xs.front() - margin, xs.back() + margin};
  const double inner_width = kWidth - kLeft - kRight, inner_height = kHeight - kTop - kBottom;
  const auto px = [&](double v) { return kLeft + x.share(v) * inner_width; };
  const auto py = [&](double v) { return kTop + (1 - y.share(v)) * inner_height; };

  std::string svg = "<svg class=\"plot\" viewBox=\"0 0 " + at(kWidth) + " " + at(kHeight) +
                    "\" role=\"img\" aria-label=\"" + escaped(plot.title) + "\">";
  for (const double tick : y.ticks) {
    svg += "<line class=\"grid\" x1=\"" + at(kLeft) + "\" x2=\"" + at(kWidth - kRight) + "\" y1=\"" + at(py(tick)) +
           "\" y2=\"" + at(py(tick)) + "\"/><text x=\"" + at(kLeft - 6) + "\" y=\"" + at(py(tick) + 4) +
           "\" text-anchor=\"end\">" + tick_text(tick) + "</text>";
  }
  double last_label = -1e9;
  for (const double v : xs) {
    if (px(v) - last_label < 26) continue;
    last_label = px(v);
    svg += "<text x=\"" + at(px(v)) + "\" y=\"" + at(kHeight - kBottom + 16) + "\" text-anchor=\"middle\">" +
           tick_text(v) + "</text>";
  }
  svg += "<text x=\"" + at(kLeft + inner_width / 2) + "\" y=\"" + at(kHeight - 6) + "\" text-anchor=\"middle\">" +
         escaped(plot.x_label) + "</text>";
  for (size_t i = 0; i < plot.series.size(); ++i) {
    const Series& s = plot.series[i];
    const bool crowded = s.x.size() > 4;  // no intervals there
    const double dodge =
        crowded ? 0 : (static_cast<double>(i) - static_cast<double>(plot.series.size() - 1) / 2) * kDodge;
    const std::string colour = "s" + std::to_string(colour_of(s.name, i));
    std::string line, marks;
    for (size_t k = 0; k < s.x.size(); ++k) {
      const double cx = px(s.x[k]) + dodge;
      line += (k == 0 ? "M" : "L") + at(cx) + " " + at(py(s.y[k]));
      if (k < s.half.size() && s.half[k] > 0) {
        const double high = py(std::min(s.y[k] + s.half[k], y.high)), low = py(std::max(s.y[k] - s.half[k], y.low));
        marks += "<path class=\"" + colour + "\" d=\"M" + at(cx) + " " + at(high) + "V" + at(low) + "M" + at(cx - 3) +
                 " " + at(high) + "h6M" + at(cx - 3) + " " + at(low) + "h6\"/>";
      }
      marks += "<circle class=\"" + colour + "\" cx=\"" + at(cx) + "\" cy=\"" + at(py(s.y[k])) + "\" r=\"3\"><title>" +
               escaped(s.name) + ", " + tick_text(s.x[k]) + ": " + fixed(s.y[k], s.y[k] < 100 ? 2 : 0) +
               "</title></circle>";
    }
    svg += "<path class=\"line " + colour + "\" d=\"" + line + "\"/>" + marks;
  }
  return svg + "</svg>";
}

std::string svg_of(const Diagram& diagram) {
  const double lanes = kLane * static_cast<double>(diagram.validators);
  const double width = lanes + kLabel, top = 26;
  const double height = top + kStep * static_cast<double>(diagram.steps.size() + 1) + 10;
  const auto lane = [](uint32_t validator) { return kLane / 2 + kLane * static_cast<double>(validator); };
  std::string svg = "<svg class=\"sequence\" viewBox=\"0 0 " + at(width) + " " + at(height) + "\" width=\"" +
                    at(width) + "\" height=\"" + at(height) + "\" role=\"img\" aria-label=\"" + escaped(diagram.title) +
                    "\">";
  for (uint32_t v = 0; v < diagram.validators; ++v) {
    svg += "<text x=\"" + at(lane(v)) + "\" y=\"16\" text-anchor=\"middle\" class=\"name\">" + std::to_string(v) +
           "</text><line class=\"grid\" x1=\"" + at(lane(v)) + "\" x2=\"" + at(lane(v)) + "\" y1=\"" + at(top - 4) +
           "\" y2=\"" + at(height - kStep) + "\"/>";
  }
  double row = top + kStep / 2;
  for (const sim::printed::Step& step : diagram.steps) {
    const bool executes = step.what.starts_with("executes");
    if (step.to) {
      const double from = lane(step.who), to = lane(*step.to), tip = to > from ? -6 : 6;
      svg += "<path class=\"arrow\" d=\"M" + at(from) + " " + at(row) + "H" + at(to) + "m" + at(tip) + " -3.5L" +
             at(to) + " " + at(row) + "l" + at(tip) + " 3.5\"/>";
    } else {
      svg += std::string("<circle class=\"") + (executes ? "did" : "own") + "\" cx=\"" + at(lane(step.who)) +
             "\" cy=\"" + at(row) + "\" r=\"" + (executes ? "6" : "4") + "\"/>";
    }
    svg += std::string("<text class=\"") + (executes ? "strong" : "step") + "\" x=\"" + at(lanes + 6) + "\" y=\"" +
           at(row + 4) + "\">" + escaped((step.to ? "" : std::to_string(step.who) + " ") + step.what) + "</text>";
    row += kStep;
  }
  svg +=
      "<text class=\"end\" x=\"" + at(lanes + 6) + "\" y=\"" + at(row + 4) + "\">" + escaped(diagram.end) + "</text>";
  return svg + "</svg>";
}

}  // namespace tieline::paper
