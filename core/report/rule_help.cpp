#include "report/rule_help.h"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>

#include "base/embedded_file.h"

// docs/rules.md: one text for readers of the documentation and of the command.
PARKED_EMBED(rules_text, PARKED_RULES_DIR "/rules.md.gz")

namespace parked::report {

const rules::Rule* ruleNamed(std::string_view name) {
  const auto same = [](char a, char b) { return std::toupper(static_cast<unsigned char>(a)) == b; };
  for (const rules::Rule& rule : rules::rules()) {
    if (std::ranges::equal(name, rule.name, same)) return &rule;
  }
  return nullptr;
}

std::string_view sectionOf(const rules::Rule& rule) {
  const std::string_view all = PARKED_EMBEDDED(rules_text);
  const std::string heading = fmt::format("\n## {}\n", rule.name);
  const std::size_t start = all.find(heading);
  if (start == std::string_view::npos) return {};
  std::string_view section = all.substr(start + heading.size());
  section = section.substr(0, section.find("\n## "));
  while (section.starts_with('\n')) section.remove_prefix(1);
  while (section.ends_with('\n')) section.remove_suffix(1);
  return section;
}

std::string explain(std::string_view name) {
  std::string text;
  if (name.empty()) {
    for (const rules::Rule& rule : rules::rules()) {
      text += fmt::format("{}  {}\n", rule.name, rule.title);
    }
    return text;
  }
  const rules::Rule* rule = ruleNamed(name);
  if (rule == nullptr) return text;
  return fmt::format("{}  {}\n\nFix: {}.\n\n{}\n", rule->name, rule->title, rule->fix,
                     sectionOf(*rule));
}

}  // namespace parked::report
