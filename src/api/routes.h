#pragma once
// From a request to an answer. Private to api/.

#include "api/core.h"
#include "api/http_types.h"

namespace tieline::api {

// The route's name for metrics: the path with {id} in place of what varies; "unknown" for no route of ours.
std::string route_name(const HttpRequest& request);
asio::awaitable<HttpResponse> answer(std::shared_ptr<Core> core, HttpRequest request);
// POST /v1/transactions.
asio::awaitable<HttpResponse> post_transactions(std::shared_ptr<Core> core, HttpRequest request);

std::string openapi_json(const std::string& version);  // api/openapi.cc
const char* status_page_html();                        // api/status_page.cc

}  // namespace tieline::api
