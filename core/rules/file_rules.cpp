// The rules for files and connections that nobody closed.

#include <fmt/format.h>

#include "leak/numbers.h"
#include "rules/findings.h"

namespace parked::rules {

namespace {

using stdlib::FileKind;
using stdlib::OpenFile;

constexpr std::size_t kExamples = 3;

void unclosed(const stdlib::Files& files, FileKind kind, RuleId rule,
              std::vector<Finding>& findings) {
  Finding finding;
  finding.rule = rule;
  finding.verdict = leak::Verdict::proved;
  for (const OpenFile& file : files.all) {
    if (file.kind != kind || file.reachable) continue;
    ++finding.count;
    if (finding.evidence.size() == kExamples) continue;
    finding.evidence.push_back(
        kind == FileKind::file
            ? fmt::format("fd {}, {}, os.file {:#x}", file.fd, file.name, file.object)
            : fmt::format("fd {}, {} {} -> {}, netFD {:#x}", file.fd, file.network, file.local,
                          file.remote, file.object));
  }
  if (finding.count == 0) return;
  finding.sentence = fmt::format(
      "{} open, and nobody can close {} any more; the garbage collector's finalizer will, some "
      "time",
      kind == FileKind::file ? leak::counted(finding.count, "file is", "files are")
                             : leak::counted(finding.count, "connection or listener is",
                                             "connections or listeners are"),
      finding.count == 1 ? "it" : "them");
  findings.push_back(std::move(finding));
}

}  // namespace

void fileRules(const Context& context, std::vector<Finding>& findings) {
  unclosed(context.resources->files, FileKind::file, RuleId::fileNeverClosed, findings);
  unclosed(context.resources->files, FileKind::network, RuleId::connNeverClosed, findings);
}

}  // namespace parked::rules
