#pragma once

#include "api/api.hpp"

namespace fabrica::api {

// One registered operation: what answer() and the OpenAPI document need to know of it.
struct Api::Operation {
  Kind kind{};
  std::string method;
  std::string path;
  Doc doc;
  Shape shape;
  Prepare prepare = {};
  RawHandler raw = {};
  RawUpload upload = {};
};

}  // namespace fabrica::api
