-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- A service that nobody declared.

return {
  run = function()
    return http.get("elsewhere", "/").status
  end,
}
