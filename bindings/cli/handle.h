// Owners of what the C ABI hands out, so that every way out of a function frees it.
#pragma once

#include <memory>
#include <string_view>

#include "holysheep.h"
#include "holysheep_mock.h"

namespace holysheep::cli {

template <auto function>
struct Free {
  template <typename Object>
  void operator()(Object* object) const {
    function(object);
  }
};

using Client = std::unique_ptr<holysheep_client, Free<holysheep_client_free>>;
using Queue = std::unique_ptr<holysheep_queue, Free<holysheep_queue_free>>;
using Batch = std::unique_ptr<holysheep_batch, Free<holysheep_batch_free>>;
using Text = std::unique_ptr<holysheep_text, Free<holysheep_text_free>>;
using Mock = std::unique_ptr<holysheep_mock, Free<holysheep_mock_free>>;

inline std::string_view view(const Text& text) {
  return {holysheep_text_data(text.get()), holysheep_text_size(text.get())};
}

}  // namespace holysheep::cli
