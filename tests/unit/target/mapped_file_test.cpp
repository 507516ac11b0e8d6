// Files that are cut or written to while they are mapped, and what becomes of the signal.
#include "target/mapped_file.h"

#include <chrono>
#include <csetjmp>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <gtest/gtest.h>
#include <memory>
#include <span>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

#include "elf_builder.h"
#include "target/target.h"

namespace parked::target {
namespace {

const std::size_t kPage = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));

class File {
 public:
  explicit File(const Bytes& bytes) {
    const int fd = mkstemp(path_.data());
    if (fd < 0 || write(fd, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
      ADD_FAILURE() << "cannot write " << path_;
    }
    close(fd);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { std::filesystem::remove(path_); }
  void cut(std::size_t size) const { std::filesystem::resize_file(path_, size); }
  const std::string& path() const { return path_; }

 private:
  std::string path_ = (std::filesystem::temp_directory_path() / "parked-test-XXXXXX").string();
};

std::shared_ptr<const MappedFile> mapped(const File& file) {
  auto opened = MappedFile::open(file.path(), file.path(), nullptr);
  if (!opened) ADD_FAILURE() << opened.error().message;
  return opened ? *opened : nullptr;
}

/// Not to be known when this is compiled: else the read is left out.
std::byte at(std::span<const std::byte> bytes, std::size_t offset) {
  return *static_cast<const volatile std::byte*>(bytes.data() + offset);
}

TEST(MappedFile, OneThatIsLeftAloneDidNotChange) {
  const File file(filled(3 * kPage, 7));
  const auto whole = mapped(file);
  ASSERT_NE(whole, nullptr);
  EXPECT_EQ(at(whole->bytes(), 3 * kPage - 1), std::byte{7});
  EXPECT_EQ(whole->changed(), "");
}

TEST(MappedFile, WhatIsCutOffMeanwhileReadsAsZerosAndIsTold) {
  const File file(filled(4 * kPage, 7));
  const auto cut = mapped(file);
  ASSERT_NE(cut, nullptr);
  file.cut(kPage);
  EXPECT_EQ(cut->changed(), "became shorter while it was read") << "before it is read";
  EXPECT_EQ(at(cut->bytes(), 0), std::byte{7});
  EXPECT_EQ(at(cut->bytes(), 2 * kPage + 5), std::byte{0});
  EXPECT_EQ(at(cut->bytes(), 4 * kPage - 1), std::byte{0});
  EXPECT_EQ(at(cut->bytes(), kPage), std::byte{0});
  EXPECT_EQ(cut->changed(), "became shorter while it was read");
  file.cut(4 * kPage);
  EXPECT_EQ(cut->changed(), "could not be read to its end") << "zeros were read all the same";
}

TEST(MappedFile, AWriteIsTold) {
  const File file(filled(kPage, 7));
  const auto written = mapped(file);
  ASSERT_NE(written, nullptr);
  std::filesystem::last_write_time(
      file.path(), std::filesystem::file_time_type::clock::now() + std::chrono::seconds(5));
  EXPECT_EQ(written->changed(), "was written to while it was read");
}

TEST(MappedFile, ACoreThatIsCutWhileItIsReadSaysSo) {
  ElfBuilder builder(ET_CORE);
  builder.segment(PT_LOAD, 0x10000, PF_R | PF_W, filled(8 * kPage, 3));
  const File file(builder.build());
  ElfBuilder program(ET_EXEC);
  program.segment(PT_LOAD, 0x400000, PF_R | PF_X, filled(kPage, 0x90));
  const File executable(program.build());
  OpenOptions options;
  options.executable = executable.path();
  auto target = openCore(file.path(), options);
  ASSERT_TRUE(target) << target.error().message;
  EXPECT_FALSE((*target)->changed());
  file.cut(kPage);
  EXPECT_EQ((*target)->memory().word(0x10000 + 4 * kPage), 0U);
  const auto changed = (*target)->changed();
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->what, "core file");
  EXPECT_EQ(changed->detail, "it became shorter while it was read");
}

// Somebody else's mapping that is cut is somebody else's fault.

class OtherMapping {
 public:
  OtherMapping() : file_(filled(2 * kPage, 1)) {
    const int fd = open(file_.path().c_str(), O_RDONLY);
    bytes_ = static_cast<const std::byte*>(mmap(nullptr, 2 * kPage, PROT_READ, MAP_PRIVATE, fd, 0));
    close(fd);
    file_.cut(0);
  }
  OtherMapping(const OtherMapping&) = delete;
  OtherMapping& operator=(const OtherMapping&) = delete;
  ~OtherMapping() { munmap(const_cast<std::byte*>(bytes_), 2 * kPage); }
  std::byte read() const { return at({bytes_, 2 * kPage}, kPage); }

 private:
  File file_;
  const std::byte* bytes_ = nullptr;
};

sigjmp_buf wayOut;
void theirs(int) { siglongjmp(wayOut, 1); }

bool comesToThem(const OtherMapping& mapping) {
  if (sigsetjmp(wayOut, 1) != 0) return true;
  (void)mapping.read();
  return false;
}

/// Has the signal, as the program that parked is a part of may.
class TheirHandler {
 public:
  TheirHandler() {
    struct sigaction action{};
    action.sa_handler = theirs;
    sigaction(SIGBUS, &action, &before_);
  }
  TheirHandler(const TheirHandler&) = delete;
  TheirHandler& operator=(const TheirHandler&) = delete;
  ~TheirHandler() { sigaction(SIGBUS, &before_, nullptr); }
  static bool installed() {
    struct sigaction now{};
    sigaction(SIGBUS, nullptr, &now);
    return now.sa_handler == theirs;
  }

 private:
  struct sigaction before_{};
};

TEST(MappingGuard, FaultsOfOthersGoToTheHandlerThatWasThere) {
  const TheirHandler handler;
  const OtherMapping other;
  const File file(filled(kPage, 7));
  const auto ours = mapped(file);
  ASSERT_FALSE(TheirHandler::installed());
  EXPECT_TRUE(comesToThem(other));
  EXPECT_TRUE(comesToThem(other)) << "and the next one, too";
  EXPECT_EQ(ours->changed(), "");
}

TEST(MappingGuard, TheHandlerIsGivenBackWhenNothingIsMapped) {
  const TheirHandler handler;
  const File file(filled(2 * kPage, 7));
  {
    const auto first = mapped(file);
    const auto second = mapped(file);
    EXPECT_FALSE(TheirHandler::installed());
  }
  EXPECT_TRUE(TheirHandler::installed());
  auto ours = mapped(file);
  {
    const TheirHandler above;  // and leaves again
    const auto more = mapped(file);
    EXPECT_TRUE(TheirHandler::installed()) << "who came later stays";
  }
  file.cut(0);
  EXPECT_EQ(at(ours->bytes(), kPage), std::byte{0});
  ours.reset();
  EXPECT_TRUE(TheirHandler::installed());
}

TEST(MappingGuardDeathTest, WithoutAHandlerTheFaultsOfOthersEndTheProcess) {
  const File file(filled(kPage, 7));
  const auto ours = mapped(file);
  const OtherMapping other;
  EXPECT_DEATH((void)other.read(), "");
  EXPECT_DEATH(raise(SIGBUS), "");
}

}  // namespace
}  // namespace parked::target
