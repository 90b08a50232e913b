#include "core/config_prices.h"

#include "core/budget.h"
#include "core/config_check.h"
#include "core/decimal.h"
#include "core/json.h"

namespace holysheep {
namespace {

std::optional<Error> read_price(const JsonValue& value, NanoUsd& out) {
  const auto price =
      nano_dollars_per_million(value.is_string() ? std::string(value.string_or("")) : value.dump());
  if (!price.ok()) return config_error(value.path(), price.error().message);
  out = price.value();
  return std::nullopt;
}

}  // namespace

std::optional<Error> read_prices(const JsonValue& object, std::map<std::string, Price>& prices) {
  for (const auto& [model, price_of] : object.member("prices").members()) {
    const JsonValue input = price_of.member("input");
    const JsonValue output = price_of.member("output");
    const JsonValue cached = price_of.member("cached");
    if (!input.exists() || !output.exists()) {
      return config_error(price_of.path(), "needs both input and output");
    }
    Price price;
    if (auto error = read_price(input, price.input)) return error;
    if (auto error = read_price(output, price.output)) return error;
    if (auto error = read_price(cached.exists() ? cached : input, price.cached)) return error;
    prices[std::string(model)] = price;
  }
  return std::nullopt;
}

void write_prices(JsonWriter& json, const std::map<std::string, Price>& prices) {
  json.key("prices").begin_object();
  for (const auto& [model, price] : prices) {
    json.key(model).begin_object();
    json.member("input", dollars_text(price.input).substr(1));
    json.member("output", dollars_text(price.output).substr(1));
    json.member("cached", dollars_text(price.cached).substr(1)).end_object();
  }
  json.end_object();
}

}  // namespace holysheep
