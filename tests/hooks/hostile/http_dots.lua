-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- Out of the service by dots.

return {
  run = function()
    return http.get("shop", "/../../etc/passwd").status
  end,
}
