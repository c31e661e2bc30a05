-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- A second request in the path.

return {
  run = function()
    return http.get("shop", "/ HTTP/1.1\r\nHost: evil\r\n\r\nGET /").status
  end,
}
