// "Did you mean ...?": the known word that a mistyped one is closest to.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace parked {

/// How many letters are to be changed, added, left out or swapped with their neighbour to make `b`
/// of `a`, whatever their case (the optimal string alignment distance).
inline std::size_t editDistance(std::string_view a, std::string_view b) {
  const auto letter = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  std::vector<std::size_t> before, last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = letter(a[i - 1]) == letter(b[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && letter(a[i - 1]) == letter(b[j - 2]) &&
                           letter(a[i - 2]) == letter(b[j - 1]);
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = last;
    last = row;
  }
  return last[b.size()];
}

/// The closest of the known words, "" if none is close enough to be meant.
inline std::string_view closestWord(std::string_view word,
                                    std::span<const std::string_view> known) {
  constexpr std::size_t kLongest = 64;  // the distance takes the product of the lengths
  if (word.empty() || word.size() > kLongest) return {};
  std::string_view best;
  std::size_t least = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string_view candidate : known) {
    if (candidate.empty() || candidate.size() > kLongest) continue;
    const std::size_t distance = editDistance(word, candidate);
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

/// " Did you mean 'waiting'?", "" if nothing is close.
inline std::string didYouMean(std::string_view word, std::span<const std::string_view> known) {
  const std::string_view best = closestWord(word, known);
  return best.empty() ? std::string() : " Did you mean '" + std::string(best) + "'?";
}

}  // namespace parked
