// Which instance of a generic a function is. The compiler makes one function for all types of one
// shape and hands it a dictionary; Go's traceback prints "[...]" for the types.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "image/build_info.h"
#include "target/elf_file.h"

namespace parked::leak {

/// What the symbols of an executable tell. Every call of a function of a shape hands it the address
/// of a dictionary, and each dictionary has a symbol with its types ("main..dict.worker[int]"):
/// where one dictionary alone fits the shape, the function is that instance. Where several do, and
/// in stripped programs, nothing is said: the dictionary a frame was given is hardly ever still
/// there.
class Instances {
 public:
  /// Reads the symbols once. `version` is that of the Go that built the program.
  Instances(const target::ElfFile& executable, const image::GoVersion& version);

  /// The types of the function that is linked at `entry`, as "int,*shop.Order": packages without
  /// their paths. Empty if the function is no instance, or not known which. Functions that were
  /// inlined must not be asked about: nobody hands them a dictionary.
  std::string_view typesOf(Addr entry) const;

 private:
  struct Known {
    Addr entry;
    std::string types;
  };
  std::vector<Known> known_;  // by address
};

/// Whether a value of the type, written as the linker does, may have that shape ("go.shape.int").
bool mayHaveShape(std::string_view type, std::string_view shape);

/// "main.(*Box[int]).Put" of "main.(*Box[...]).Put"; empty if there is no place for the types.
std::string instanceName(std::string_view printed, std::string_view types);

}  // namespace parked::leak
