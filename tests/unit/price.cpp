// The document's prices, whom they hold for, and integer money.
#include "core/price.h"

#include <catch2/catch_test_macros.hpp>
#include <limits>

namespace holysheep {
namespace {

NanoUsd listed(std::string_view host, std::string_view model) {
  const std::optional<Price> price = document_price(host, model);
  return price ? price->input : -1;
}

TEST_CASE("The document's four models have its prices") {
  CHECK(listed("api.holysheep.ai", "gpt-4.1") == 8'000'000'000);
  CHECK(listed("api.holysheep.ai", "claude-sonnet-4.5") == 15'000'000'000);
  CHECK(listed("api.holysheep.ai", "gemini-2.5-flash") == 2'500'000'000);
  CHECK(listed("api.holysheep.ai", "deepseek-v3.2") == 420'000'000);
  const Price price = document_price("api.holysheep.ai", "gpt-4.1").value();
  CHECK(price.output == price.input);
  CHECK(price.cached == price.input);
}

TEST_CASE("A model is known in other spellings and with a date or version behind it") {
  for (const char* model : {"GPT-4.1", "gpt 4.1", "gpt_4_1", "gpt-4-1", "gpt-4.1-2025-04-14",
                            "gpt-4.1-20250414", "gpt-4.1-0414", "gpt-4.1-latest", "gpt-4.1@001"}) {
    INFO(model);
    CHECK(listed("api.holysheep.ai", model) == 8'000'000'000);
  }
  CHECK(listed("api.holysheep.ai", "claude-sonnet-4-5-20250929") == 15'000'000'000);
  CHECK(listed("api.holysheep.ai", "Claude Sonnet 4.5") == 15'000'000'000);
  CHECK(listed("api.holysheep.ai", "DeepSeek V3.2") == 420'000'000);
}

TEST_CASE("A similar name is another model") {
  for (const char* model :
       {"gpt-4.1-mini", "gpt-4.1-nano-2025-04-14", "gpt-4", "gpt-4.10", "gpt-4.1.5", "xgpt-4.1",
        "gemini-2.5-flash-lite", "deepseek-v3.2-exp", "deepseek-v3", "", "-", "my-gpt-4.1"}) {
    INFO(model);
    CHECK(listed("api.holysheep.ai", model) == -1);
  }
}

TEST_CASE("The document's prices hold for its own hosts only") {
  CHECK(listed("holysheep.ai", "gpt-4.1") == 8'000'000'000);
  CHECK(listed("API.HolySheep.AI.", "gpt-4.1") == 8'000'000'000);
  CHECK(listed("backup1.api.holysheep.ai:443", "gpt-4.1") == 8'000'000'000);
  for (const char* host :
       {"api.openai.com", "notholysheep.ai", "holysheep.ai.example.com", "", "ai", "127.0.0.1"}) {
    INFO(host);
    CHECK(listed(host, "gpt-4.1") == -1);
  }
}

TEST_CASE("A cost counts cached input at its own price") {
  const Price price{8'000'000'000, 32'000'000'000, 2'000'000'000};
  Usage usage;
  CHECK_FALSE(cost_of(price, usage).has_value());
  usage.input = 1'000;
  usage.output = 100;
  CHECK(cost_of(price, usage) == 1'000 * 8'000 + 100 * 32'000);
  usage.cached = 400;
  CHECK(cost_of(price, usage) == 600 * 8'000 + 400 * 2'000 + 100 * 32'000);
  usage.cached = 5'000;  // more than there was: a defect of the provider
  CHECK(cost_of(price, usage) == 1'000 * 2'000 + 100 * 32'000);
  CHECK(cost_of(price, Usage{-1, 10, -1}) == 320'000);
}

TEST_CASE("A token may cost less than a nano-dollar, and only the sum is rounded") {
  const Price price{37'500'000, 0, 18'750'000};  // $0.0375 and $0.01875
  CHECK(cost_of(price, Usage{1, 0, -1}) == 38);
  CHECK(cost_of(price, Usage{2, 0, -1}) == 75);
  CHECK(cost_of(price, Usage{1'000, 0, 400}) == 600 * 75 / 2 + 400 * 75 / 4);
}

TEST_CASE("A cost saturates instead of overflowing") {
  constexpr std::int64_t kGreatest = std::numeric_limits<std::int64_t>::max();
  CHECK(cost_of(Price{kGreatest, kGreatest, kGreatest}, Usage{kGreatest, kGreatest, kGreatest}) ==
        kGreatest);
  CHECK(cost_of(Price{0, 0, 0}, Usage{kGreatest, kGreatest, 0}) == 0);
}

}  // namespace
}  // namespace holysheep
