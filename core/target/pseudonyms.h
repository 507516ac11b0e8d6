// What stands for the texts that are taken out of a dump.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace parked::target {

/// Numbers texts: equal ones get the same number, and of different ones the greater the greater
/// one, so that a report groups and sorts as it did. What anybody may read stays as it is: the
/// words of protocols, devices, descriptors without a name.
///
/// What a report asks of a text stays true of what stands for it: that it begins with a slash, that
/// all of it is printable, or that a part of it is a word (leak::tellingText).
class Pseudonyms {
 public:
  void add(std::string_view text);
  /// To be called when all are added.
  void number();
  /// Of a text that was added; of another one without a number.
  std::string of(std::string_view text) const;

  /// The same of "host:port", of which the host alone is taken out.
  void addEndpoint(std::string_view endpoint);
  std::string ofEndpoint(std::string_view endpoint) const;

  /// The same of a sentence, which is taken out if there is a path in it.
  void addSentence(std::string_view sentence);
  std::string ofSentence(std::string_view sentence) const;

 private:
  std::map<std::string, std::size_t, std::less<>> numbers_;
};

}  // namespace parked::target
