-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- A whole address for a service.

return {
  run = function()
    return http.get("http://127.0.0.1:1", "/").status
  end,
}
