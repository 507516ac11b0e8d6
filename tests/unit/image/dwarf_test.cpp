#include <dwarf.h>
#include <gtest/gtest.h>
#include <map>
#include <string>

#include "bytes.h"
#include "fake_target.h"
#include "image/dwarf_layouts.h"

namespace parked::image {
namespace {

enum Abbrev : std::uint8_t {
  kGoUnit = 1,
  kStruct,
  kMember,
  kBase,
  kTypedef,
  kPointer,
  kFunc,
  kConstant,
  kCUnit,
  kSiblingMember,
};

Bytes abbrevs() {
  Bytes out;
  const auto abbrev = [&](Abbrev code, unsigned tag, bool children,
                          std::initializer_list<std::pair<unsigned, unsigned>> attributes) {
    out.uvarint(code).uvarint(tag).u8(children ? 1 : 0);
    for (const auto& [name, form] : attributes) out.uvarint(name).uvarint(form);
    out.u16(0);
  };
  abbrev(kGoUnit, DW_TAG_compile_unit, true,
         {{DW_AT_name, DW_FORM_string}, {DW_AT_language, DW_FORM_data1}});
  abbrev(kStruct, DW_TAG_structure_type, true,
         {{DW_AT_name, DW_FORM_string}, {DW_AT_byte_size, DW_FORM_udata}});
  abbrev(kMember, DW_TAG_member, false,
         {{DW_AT_name, DW_FORM_string},
          {DW_AT_data_member_location, DW_FORM_udata},
          {DW_AT_type, DW_FORM_ref_addr}});
  abbrev(kBase, DW_TAG_base_type, false,
         {{DW_AT_name, DW_FORM_string}, {DW_AT_byte_size, DW_FORM_data1}});
  abbrev(kTypedef, DW_TAG_typedef, false,
         {{DW_AT_name, DW_FORM_string}, {DW_AT_type, DW_FORM_ref_addr}});
  abbrev(kPointer, DW_TAG_pointer_type, false,
         {{DW_AT_name, DW_FORM_string}, {DW_AT_type, DW_FORM_ref_addr}});
  abbrev(kFunc, DW_TAG_subroutine_type, false, {{DW_AT_name, DW_FORM_string}});
  abbrev(kConstant, DW_TAG_constant, false,
         {{DW_AT_name, DW_FORM_string},
          {DW_AT_type, DW_FORM_ref_addr},
          {DW_AT_const_value, DW_FORM_sdata}});
  abbrev(kCUnit, DW_TAG_compile_unit, false,
         {{DW_AT_name, DW_FORM_strp}, {DW_AT_language, DW_FORM_data1}});
  return out.u8(0), out;
}

/// Writes .debug_info; types are referred to by label.
class InfoBuilder {
 public:
  explicit InfoBuilder(int version) : version_(version) {}

  void beginUnit() {
    start_ = info.size();
    info.u32(0).u16(static_cast<std::uint64_t>(version_));
    if (version_ == 5) {
      info.u8(DW_UT_compile).u8(8).u32(0);
    } else {
      info.u32(0).u8(8);
    }
  }
  void endUnit() { info.set(start_, static_cast<std::uint32_t>(info.size() - start_ - 4)); }
  void goUnit(std::string_view name) {
    beginUnit();
    info.uvarint(kGoUnit).zeroTerminated(name).u8(DW_LANG_Go);
  }
  void cUnit() {
    beginUnit();
    info.uvarint(kCUnit).u32(0).u8(DW_LANG_C99);
    endUnit();
  }
  void end() { info.u8(0); }
  void label(const std::string& name) { labels_[name] = static_cast<std::uint32_t>(info.size()); }
  void beginStruct(std::string_view name, std::uint64_t size) {
    info.uvarint(kStruct).zeroTerminated(name).uvarint(size);
  }
  void member(std::string_view name, std::uint64_t offset, const std::string& type) {
    info.uvarint(kMember).zeroTerminated(name).uvarint(offset);
    reference(type);
  }
  void base(std::string_view name, std::uint8_t size) {
    info.uvarint(kBase).zeroTerminated(name).u8(size);
  }
  void typeOf(Abbrev abbrev, std::string_view name, const std::string& type) {
    info.uvarint(abbrev).zeroTerminated(name);
    reference(type);
  }
  void func(std::string_view name) { info.uvarint(kFunc).zeroTerminated(name); }
  void constant(std::string_view name, std::int8_t value) {
    info.uvarint(kConstant).zeroTerminated(name).u32(0).u8(static_cast<std::uint64_t>(value) &
                                                           0x7f);
  }
  void reference(const std::string& type) {
    references_.emplace_back(info.size(), type);
    info.u32(0);
  }
  Bytes finish() {
    for (const auto& [at, type] : references_) info.set(at, labels_.at(type));
    return info;
  }

  Bytes info;

 private:
  int version_;
  std::size_t start_ = 0;
  std::map<std::string, std::uint32_t> labels_;
  std::vector<std::pair<std::size_t, std::string>> references_;
};

Bytes infoOf(int version) {
  InfoBuilder info(version);
  info.cUnit();  // a C unit in front, as an external linker puts it
  info.goUnit("internal/abi");
  info.constant("internal/abi.FuncIDWrapper", 23);
  info.end();
  info.endUnit();
  info.goUnit("runtime");  // code: no types
  info.constant("runtime._Gwaiting", 4);
  info.constant("runtime.negative", -3);
  info.end();
  info.endUnit();
  info.goUnit("runtime");  // the types of the whole program
  info.label("uint32");
  info.base("uint32", 4);
  info.label("uintptr");
  info.base("uintptr", 8);
  info.label("guintptr");
  info.typeOf(kTypedef, "runtime.guintptr", "uintptr");
  info.label("*g");
  info.typeOf(kPointer, "*runtime.g", "g");
  info.label("func()");
  info.func("func()");
  info.label("stack");
  info.beginStruct("runtime.stack", 16);
  info.member("lo", 0, "uintptr");
  info.member("hi", 8, "uintptr");
  info.end();
  info.label("stackdef");
  info.typeOf(kTypedef, "runtime.stack", "stack");
  info.label("ifacedef");
  info.typeOf(kTypedef, "error", "iface");
  info.label("iface");
  info.beginStruct("runtime.iface", 16);
  info.end();
  info.label("loop");
  info.typeOf(kTypedef, "loop", "loop");
  info.label("g");
  info.beginStruct("runtime.g", 400);
  info.member("stack", 0, "stackdef");
  info.member("m", 48, "*g");
  info.member("atomicstatus", 144, "uint32");
  info.member("schedlink", 160, "guintptr");
  info.member("fn", 168, "func()");
  info.member("err", 176, "ifacedef");
  info.member("endless", 200, "loop");
  info.end();
  info.beginStruct("net/http.Transport", 112);
  info.member("idleMu", 0, "stackdef");
  info.end();
  info.end();
  info.endUnit();
  info.goUnit("main");
  info.constant("main.limit", 9);
  info.end();
  info.endUnit();
  return info.finish();
}

/// Layouts from hand-made sections. The bytes live as long as it.
struct Opened {
  Opened(Bytes i, Bytes a) : info(std::move(i)), abbrev(std::move(a)) {
    strings.zeroTerminated("crt0.c");
    DwarfSections sections;
    sections.info = {info, info.size(), Compression::none};
    sections.abbrev = {abbrev, abbrev.size(), Compression::none};
    sections.str = DebugSection{strings, strings.size(), Compression::none};
    layouts = openDwarfLayouts(sections);
  }
  Bytes info, abbrev, strings;
  Result<std::unique_ptr<LayoutSource>> layouts{nullptr};
};

class DwarfTest : public ::testing::TestWithParam<int> {
 protected:
  DwarfTest() : opened_(infoOf(GetParam()), abbrevs()) {}
  LayoutSource& layouts() { return **opened_.layouts; }
  Opened opened_;
};

TEST_P(DwarfTest, StructsWithTheirFields) {
  ASSERT_TRUE(opened_.layouts) << opened_.layouts.error().message;
  const StructLayout* g = layouts().find("runtime.g");
  ASSERT_NE(g, nullptr);
  EXPECT_EQ(g->size, 400u);
  const auto expectField = [&](std::string_view name, std::uint32_t offset, std::uint32_t size,
                               std::string_view type) {
    const FieldLayout* field = g->field(name);
    ASSERT_NE(field, nullptr) << name;
    EXPECT_EQ(field->offset, offset) << name;
    EXPECT_EQ(field->size, size) << name;
    EXPECT_EQ(field->type, type) << name;
  };
  expectField("stack", 0, 16, "runtime.stack");
  expectField("m", 48, 8, "*runtime.g");
  expectField("atomicstatus", 144, 4, "uint32");
  expectField("schedlink", 160, 8, "runtime.guintptr");
  expectField("fn", 168, 8, "func()");
  expectField("err", 176, 16, "runtime.iface");  // a typedef of a struct of another name
  EXPECT_EQ(g->field("endless"), nullptr);       // its type has no end
  EXPECT_EQ(layouts().find("runtime.g"), g);     // the pointer stays valid
  EXPECT_NE(layouts().find("net/http.Transport"), nullptr);
  EXPECT_EQ(layouts().find("runtime.h"), nullptr);
  EXPECT_EQ(layouts().find("uint32"), nullptr);
  EXPECT_EQ(layouts().origin(), "DWARF");
}

TEST_P(DwarfTest, BindsThroughTypedefs) {
  ASSERT_TRUE(opened_.layouts);
  std::vector<std::string> missing;
  Binder binder(layouts(), "runtime.g", missing);
  Field<Addr> hi;
  binder.required(hi, "stack.hi");
  EXPECT_EQ(hi.offset, 8u);
}

TEST_P(DwarfTest, ConstantsOfAnyPackage) {
  ASSERT_TRUE(opened_.layouts);
  std::int64_t value = 0;
  EXPECT_TRUE(layouts().constant("runtime._Gwaiting", value));
  EXPECT_EQ(value, 4);
  EXPECT_TRUE(layouts().constant("runtime.negative", value));
  EXPECT_EQ(value, -3);
  EXPECT_TRUE(layouts().constant("internal/abi.FuncIDWrapper", value));
  EXPECT_EQ(value, 23);
  EXPECT_TRUE(layouts().constant("main.limit", value));  // behind the unit with the types
  EXPECT_EQ(value, 9);
  EXPECT_FALSE(layouts().constant("runtime.none", value));
  EXPECT_FALSE(layouts().constant("", value));
}

TEST_P(DwarfTest, TruncatedAnywhere) {
  const Bytes whole = infoOf(GetParam());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Bytes cut = whole;
    cut.resize(size);
    const Opened opened(std::move(cut), abbrevs());
    if (opened.layouts) (*opened.layouts)->find("runtime.g");
  }
  const Bytes table = abbrevs();
  for (std::size_t size = 0; size < table.size(); ++size) {
    Bytes cut = table;
    cut.resize(size);
    const Opened opened(whole, std::move(cut));
    if (opened.layouts) (*opened.layouts)->find("runtime.g");
  }
}

TEST_P(DwarfTest, AnyByteFlipped) {
  const Bytes whole = infoOf(GetParam());
  for (std::size_t at = 0; at < whole.size(); ++at) {
    Bytes damaged = whole;
    damaged[at] ^= std::byte{0xff};
    const Opened opened(std::move(damaged), abbrevs());
    std::int64_t value = 0;
    if (opened.layouts) {
      (*opened.layouts)->find("runtime.g");
      (*opened.layouts)->constant("main.limit", value);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Versions, DwarfTest, ::testing::Values(4, 5));

/// Go never writes DW_AT_sibling; one that points back must not be followed for ever.
TEST(DwarfSiblingTest, ReferencesThatGoBackAreNotFollowed) {
  Bytes table = abbrevs();
  table.pop_back();
  table.uvarint(kSiblingMember).uvarint(DW_TAG_member).u8(0);
  table.uvarint(DW_AT_sibling).uvarint(DW_FORM_ref4).u16(0).u8(0);
  InfoBuilder info(4);
  info.goUnit("runtime");
  info.beginStruct("runtime.g", 8);
  const std::size_t self = info.info.size();
  info.info.uvarint(kSiblingMember).u32(self);  // the unit starts at 0
  info.end();
  info.end();
  info.endUnit();
  const Opened opened(info.finish(), table);
  ASSERT_TRUE(opened.layouts);
  const StructLayout* g = (*opened.layouts)->find("runtime.g");
  ASSERT_NE(g, nullptr);
  EXPECT_TRUE(g->fields.empty());
}

TEST(DwarfFileTest, NothingToReadIsSaid) {
  const auto errorOf = [](const Bytes& file) {
    const auto elf = target::ElfFile::fromBytes(file, "program");
    const auto layouts = openDwarfLayouts(**elf);
    return layouts ? Error{} : layouts.error();
  };
  const Error stripped = errorOf(ElfBuilder().section(".text", Bytes(4)).build());
  EXPECT_EQ(stripped.code, ErrorCode::unsupported);
  EXPECT_NE(stripped.message.find("built without DWARF"), std::string::npos);

  InfoBuilder onlyC(4);
  onlyC.cUnit();
  EXPECT_EQ(errorOf(ElfBuilder()
                        .section(".debug_info", onlyC.finish())
                        .section(".debug_abbrev", abbrevs())
                        .build())
                .code,
            ErrorCode::unsupported);

  InfoBuilder noTypes(4);
  noTypes.goUnit("runtime");
  noTypes.end();
  noTypes.endUnit();
  EXPECT_EQ(errorOf(ElfBuilder()
                        .section(".debug_info", noTypes.finish())
                        .section(".debug_abbrev", abbrevs())
                        .build())
                .code,
            ErrorCode::badFormat);
}

}  // namespace
}  // namespace parked::image
