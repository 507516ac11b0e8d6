// One value of each type: what a room hands through rooms that do not know its types.
#pragma once

#include <any>
#include <deque>

namespace parked {

class Parts {
 public:
  /// The value of the type, to be filled in; made empty when it is first asked for. Stays where it
  /// is.
  template <class T>
  T& make() {
    if (T* known = find<T>(*this)) return *known;
    return std::any_cast<T&>(parts_.emplace_back(T()));
  }
  /// The value of the type; an empty one where nobody made any.
  template <class T>
  const T& of() const {
    static const T kEmpty{};
    const T* known = find<T>(*this);
    return known != nullptr ? *known : kEmpty;
  }

 private:
  // There are as many as there are kinds of resources: a handful.
  template <class T, class Self>
  static auto find(Self& self) -> decltype(std::any_cast<T>(&self.parts_.front())) {
    for (auto& part : self.parts_) {
      if (auto* value = std::any_cast<T>(&part)) return value;
    }
    return nullptr;
  }

  std::deque<std::any> parts_;  // a deque, as references to its elements stay valid
};

}  // namespace parked
