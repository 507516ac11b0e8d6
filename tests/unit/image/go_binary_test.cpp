// What a real toolchain builds, read by parked and by the toolchain's own tools. Needs `go` on
// PATH; PARKED_GO_VERSIONS="1.18.10 1.27.3" (default: the go that is there) chooses toolchains.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <sstream>
#include <unistd.h>

#include "fake_target.h"
#include "image/func_table.h"
#include "image/image.h"

namespace parked::image {
namespace {

namespace fs = std::filesystem;

constexpr const char* kProgram = R"go(package main

import (
	"fmt"
	"os"
	"time"
)

type worker struct{ jobs chan int }

func (w *worker) run()  { w.take() }
func (w *worker) take() { v := <-w.jobs; fmt.Fprintln(os.Stderr, twice(v)) }
func twice(v int) int   { return 2 * v }

func main() {
	w := &worker{make(chan int)}
	go w.run()
	w.jobs <- len(os.Args)
	time.Sleep(time.Hour)
}
)go";

/// Fields of the runtime's structs, as the toolchain's own debug/dwarf shows them.
struct KnownField {
  const char* type;
  const char* path;
  std::uint32_t offset;
};
const std::map<std::string, std::vector<KnownField>> kKnownFields = {
    {"1.18", {{"runtime.g", "atomicstatus", 144}, {"runtime.g", "waiting", 328}}},
    {"1.20", {{"runtime.g", "gopc", 296}, {"runtime.moduledata", "gofunc", 320}}},
    {"1.22", {{"runtime.g", "parentGoid", 272}, {"runtime.g", "waiting", 312}}},
    {"1.24", {{"runtime.g", "atomicstatus", 152}, {"runtime.g", "sched.bp", 104}}},
    {"1.25", {{"runtime.g", "sched.bp", 96}, {"runtime.g", "selectDone", 368}}},
    {"1.26", {{"runtime.g", "startpc", 304}, {"runtime.moduledata", "epclntab", 328}}},
    {"1.27", {{"runtime.g", "waiting", 320}, {"runtime.moduledata", "types", 296}}},
};

std::string run(const std::string& command, const std::string& input = {}) {
  const std::string file = (fs::temp_directory_path() / fmt::format("parked-in-{}", getpid()));
  std::ofstream(file) << input;
  std::string out;
  if (FILE* pipe = popen((command + " < " + file + " 2>/dev/null").c_str(), "r")) {
    char buffer[4096];
    for (std::size_t n = 0; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) out.append(buffer, n);
    pclose(pipe);
  }
  fs::remove(file);
  return out;
}

std::vector<std::string> versions() {
  const char* wanted = std::getenv("PARKED_GO_VERSIONS");
  std::istringstream words(wanted != nullptr ? wanted : "local");
  std::vector<std::string> out;
  for (std::string word; words >> word;) out.push_back(word);
  return out;
}

class GoBinaryTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (run("command -v go").empty()) GTEST_SKIP() << "no go on PATH";
    directory_ = fs::temp_directory_path() / fmt::format("parked-go-{}", getpid());
    fs::create_directories(directory_);
    std::ofstream(directory_ / "main.go") << kProgram;
    std::ofstream(directory_ / "go.mod") << "module example.com/leaky\n\ngo 1.18\n";
  }
  void TearDown() override {
    if (!directory_.empty()) fs::remove_all(directory_);
  }

  std::string go() const {
    const std::string toolchain = GetParam() == "local" ? GetParam() : "go" + GetParam();
    return fmt::format("cd {} && GOTOOLCHAIN={} GOFLAGS= CGO_ENABLED=0 go ", directory_.string(),
                       toolchain);
  }
  /// Builds the program and opens it; false (and a failure) when that does not work.
  bool build(const std::string& flags) {
    program_ = directory_ / "program";
    run(go() + "build " + flags + " -o " + program_ + " .");
    auto elf = target::ElfFile::open(program_);
    EXPECT_TRUE(elf) << "go build " << flags << ": " << (elf ? "" : elf.error().message);
    if (!elf) return false;
    target_ = std::make_unique<FakeTarget>();
    target_->setExecutable(*elf);
    auto image = Image::open(*target_, nullptr, nullptr, nullptr);
    EXPECT_TRUE(image) << (image ? "" : image.error().message);
    if (!image) return false;
    image_ = std::move(*image);
    return true;
  }
  void expectLinesAsGoSays() const;

  fs::path directory_;
  std::string program_;
  std::unique_ptr<FakeTarget> target_;
  std::unique_ptr<Image> image_;
};

/// `go tool addr2line` prints, for each address, the physical function and the innermost line.
void GoBinaryTest::expectLinesAsGoSays() const {
  const FunctionTable& functions = image_->functions();
  ASSERT_GT(functions.size(), 1000u);
  std::vector<Addr> pcs;
  std::string input;
  for (FuncIndex i = 0; i < functions.size(); ++i) {
    const Function& function = functions.function(i);
    ASSERT_LE(function.entry, function.end);
    for (const Addr pc : {function.entry, (function.entry + function.end) / 2}) {
      if (functions.find(pc) != i) continue;
      pcs.push_back(pc);
      input += fmt::format("{:#x}\n", pc);
    }
  }
  std::istringstream lines(run(go() + "tool addr2line " + program_, input));
  std::size_t inlined = 0;
  for (const Addr pc : pcs) {
    std::string name;
    std::string place;
    ASSERT_TRUE(std::getline(lines, name) && std::getline(lines, place));
    std::vector<SourceFrame> frames;
    functions.expand(pc, true, frames);
    ASSERT_FALSE(frames.empty());
    // Go's tool prints type arguments in full.
    if (const auto open = name.find('['); open != std::string::npos) {
      name = name.substr(0, open) + "[...]" + name.substr(name.rfind(']') + 1);
    }
    EXPECT_EQ(frames.back().function, name) << fmt::format("{:#x}", pc);
    if (frames.front().line > 0) {
      EXPECT_EQ(fmt::format("{}:{}", frames.front().file, frames.front().line), place)
          << fmt::format("{:#x}", pc);
    }
    inlined += frames.size() - 1;
  }
  EXPECT_GT(inlined, 100u);
}

TEST_P(GoBinaryTest, AgreesWithTheToolchain) {
  ASSERT_TRUE(build(""));
  const GoVersion& version = image_->build().version;
  EXPECT_EQ(version.text, run(go() + "env GOVERSION").substr(0, version.text.size()));
  EXPECT_EQ(image_->build().module.substr(0, 17), "example.com/leaky");
  EXPECT_EQ(image_->buildId() + "\n", run(go() + "tool buildid " + program_));
  expectLinesAsGoSays();

  const std::string nm = run(go() + "tool nm " + program_);
  for (const char* name : {"runtime.allgs", "runtime.allp", "runtime.waitReasonStrings"}) {
    const auto address = image_->symbol(name);
    ASSERT_TRUE(address) << name;
    std::istringstream lines(nm);
    bool found = false;
    for (std::string line; std::getline(lines, line);) {
      if (!line.ends_with(std::string(" ") + name)) continue;
      EXPECT_EQ(*address, std::stoull(line, nullptr, 16)) << name;
      found = true;
    }
    EXPECT_TRUE(found) << name;
  }
  EXPECT_NE(image_->functions().byName("main.(*worker).run"), kNoFunc);

  LayoutSource& layouts = image_->layouts();
  ASSERT_NE(layouts.find("runtime.g"), nullptr);
  const auto known = kKnownFields.find(fmt::format("1.{}", version.minor));
  if (known != kKnownFields.end()) {
    for (const KnownField& field : known->second) {
      std::vector<std::string> missing;
      Binder binder(layouts, field.type, missing);
      EXPECT_EQ(binder.offsetOf(field.path, true), field.offset) << field.type << '.' << field.path;
    }
  }
  std::int64_t waiting = 0;
  EXPECT_TRUE(layouts.constant("runtime._Gwaiting", waiting));
  EXPECT_EQ(waiting, 4);
}

TEST_P(GoBinaryTest, WrappersAreTheKindTheCompilerSays) {
  ASSERT_TRUE(build(""));
  const GoVersion& version = image_->build().version;
  std::int64_t kind = -1;
  EXPECT_TRUE(image_->layouts().constant("internal/abi.FuncIDWrapper", kind) ||
              image_->layouts().constant("runtime.funcID_wrapper", kind));
  EXPECT_EQ(PclnFormat::of(version).wrapperFuncId, kind);
  const FunctionTable& functions = image_->functions();
  std::size_t wrappers = 0;
  for (FuncIndex i = 0; i < functions.size(); ++i) {
    const Function& function = functions.function(i);
    wrappers += function.wrapper ? 1 : 0;
    // Functions that everybody knows are none, and method values always are.
    if (function.name == "main.main" || function.name == "runtime.gopark") {
      EXPECT_FALSE(function.wrapper) << function.name;
    }
    if (function.name.ends_with("-fm")) {
      EXPECT_TRUE(function.wrapper) << function.name;
    }
  }
  EXPECT_GT(wrappers, 50u);
}

TEST_P(GoBinaryTest, WithoutOptimization) {
  ASSERT_TRUE(build("-gcflags='all=-N -l'"));
  const FuncIndex take = image_->functions().byName("main.(*worker).take");
  ASSERT_NE(take, kNoFunc);
  const Function& function = image_->functions().function(take);
  EXPECT_EQ(image_->functions().line(take, function.entry), 12);
  EXPECT_NE(image_->functions().byName("main.twice"), kNoFunc);
}

TEST_P(GoBinaryTest, UncompressedDwarf) {
  ASSERT_TRUE(build("-ldflags=-compressdwarf=false"));
  EXPECT_NE(image_->layouts().find("runtime.hchan"), nullptr);
}

TEST_P(GoBinaryTest, WithoutDwarf) {
  run(go() + "build -ldflags=-w -o " + (directory_ / "bare").string() + " .");
  auto elf = target::ElfFile::open(directory_ / "bare");
  ASSERT_TRUE(elf);
  FakeTarget target;
  target.setExecutable(*elf);
  const auto refused = Image::open(target, nullptr, nullptr, nullptr, Layouts::dwarf);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unsupported);
  const auto image = Image::open(target, nullptr, nullptr, nullptr);
  ASSERT_TRUE(image) << image.error().message;
  EXPECT_THAT((*image)->layouts().origin(), ::testing::HasSubstr("table"));
  EXPECT_NE((*image)->layouts().find("runtime.hchan"), nullptr);
}

INSTANTIATE_TEST_SUITE_P(Toolchains, GoBinaryTest, ::testing::ValuesIn(versions()),
                         [](const auto& test) {
                           std::string name = test.param;
                           for (char& c : name) c = c == '.' ? '_' : c;
                           return "go" + name;
                         });

}  // namespace
}  // namespace parked::image
